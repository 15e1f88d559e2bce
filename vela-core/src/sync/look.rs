//! Waiting for what is looked at: a source that says what is there now, and rings when it is worth looking again.
//!
//! A source changes first and rings then; who waits registers first and looks then. So a change falls before the look,
//! which sees it, or after the registration, which it wakes.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::futures::{Notified, OwnedNotified};

use crate::rt::Site;
use crate::rt::seam::Subject;

/// A source that can be looked at through `&`, by many at once.
pub(crate) trait Look {
    /// What it gives.
    type Item;

    /// Takes what is there now; `Pending` if nothing is and something may come. Runs under no lock of the caller's.
    fn look(&self) -> Poll<Self::Item>;

    /// Rung after each change, with `notify_waiters`.
    fn bell(&self) -> &Arc<Notify>;
}

pin_project! {
    /// A wait that borrows its source.
    pub(crate) struct Wait<'a, S> {
        source: &'a S,
        name: &'static str,
        site: Site,
        #[pin]
        rung: Notified<'a>,
    }
}

impl<'a, S: Look> Wait<'a, S> {
    #[track_caller]
    pub(crate) fn new(source: &'a S, name: &'static str) -> Self {
        Self { source, name, site: Site::here(), rung: source.bell().notified() }
    }

    fn step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Item> {
        let mut this = self.project();
        loop {
            this.rung.as_mut().enable();
            if let Poll::Ready(item) = this.source.look() {
                return Poll::Ready(item);
            }
            ready!(this.rung.as_mut().poll(cx));
            // Rung for what another task has taken, or for nothing.
            this.rung.set(this.source.bell().notified());
        }
    }
}

impl<S: Look> Future for Wait<'_, S> {
    type Output = S::Item;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Item> {
        let (site, name) = (self.site, self.name);
        site.operate(cx, name, Subject::Other, |cx| self.step(cx))
    }
}

/// The wait inside a larger operation, which has the name and is charged.
pub(crate) async fn next<S: Look>(source: &S) -> S::Item {
    let mut wait = pin!(Wait::new(source, ""));
    poll_fn(|cx| wait.as_mut().step(cx)).await
}

/// The wait of a stream: it lies beside its source, and stays registered between the items.
#[derive(Default)]
pub(crate) struct Streaming {
    rung: Option<Pin<Box<OwnedNotified>>>,
}

/// The `poll_next` of a stream, whose wait lies in this place.
#[track_caller]
pub(crate) fn poll_next<S: Look>(
    source: &mut S,
    place: impl Fn(&mut S) -> &mut Streaming,
    name: &'static str,
    cx: &mut Context<'_>,
) -> Poll<S::Item> {
    // Taken out, for the source is looked at meanwhile.
    let mut streaming = std::mem::take(place(source));
    let fresh = || Arc::clone(source.bell()).notified_owned();
    let result = Site::here().operate(cx, name, Subject::Other, |cx| {
        loop {
            let rung = streaming.rung.get_or_insert_with(|| Box::pin(fresh()));
            rung.as_mut().enable();
            if let Poll::Ready(item) = source.look() {
                return Poll::Ready(item);
            }
            ready!(rung.as_mut().poll(cx));
            rung.set(fresh());
        }
    });
    *place(source) = streaming;
    result
}
