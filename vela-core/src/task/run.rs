//! The future that the executor gets: the user's, with what the task carries put in place around each poll.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as Cx, Poll};

use pin_project_lite::pin_project;

use super::handle::{Task, Verdict};
use crate::context::Context;
use crate::context::ambient::{self, Ambient, Extra, Name};
use crate::rt;

pin_project! {
    /// Two words more than the user's future.
    pub(super) struct Run<F> {
        #[pin]
        future: F,
        site: &'static Location<'static>,
        extra: Option<Box<Extra>>,
    }
}

/// Starts `future` as a task of Vela's. It inherits the current context.
pub(super) fn start<F, T>(future: F, name: Option<Name>, site: &'static Location<'static>) -> Task<T>
where
    F: Future<Output = Verdict<T>> + Send + 'static,
    T: Send + 'static,
{
    let (inside, context) = surroundings();
    let extra = extra(name.as_ref(), context);
    let run = Run { future, site, extra };
    Task::new(rt::spawn(run, inside, name.as_ref().map(Name::as_str), site), name, site)
}

/// Starts `work` on the pool for blocking work. It inherits the current context.
pub(super) fn start_blocking<W, T>(work: W, name: Option<Name>, site: &'static Location<'static>) -> Task<T>
where
    W: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (_, context) = surroundings();
    let mut extra = extra(name.as_ref(), context);
    let work = move || {
        let carried = Carried::new(site, &mut extra);
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(value) => Ok(value),
            Err(payload) => {
                drop(carried);
                super::panic::report(&*payload, extra.as_ref().and_then(|extra| extra.name.as_ref()), site);
                resume_unwind(payload)
            }
        }
    };
    Task::new(rt::spawn_blocking(work, name.as_ref().map(Name::as_str), site), name, site)
}

/// Whether one of Vela's tasks is being polled here (so that a runtime is current), and the context in force.
fn surroundings() -> (bool, Option<Context>) {
    ambient::with(|ambient| (ambient.site.is_some(), ambient.context().cloned()))
}

fn extra(name: Option<&Name>, context: Option<Context>) -> Option<Box<Extra>> {
    if name.is_none() && context.is_none() {
        return None;
    }
    Some(Box::new(Extra { name: name.cloned(), context }))
}

impl<F> Future for Run<F>
where
    F: Future,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        let this = self.project();
        let site = *this.site;
        let carried = Carried::new(site, this.extra);
        // The executor catches panics, too, but would not say where the task comes from.
        let result = catch_unwind(AssertUnwindSafe(|| this.future.poll(cx)));
        drop(carried);
        match result {
            Ok(poll) => poll,
            Err(payload) => {
                super::panic::report(&*payload, this.extra.as_ref().and_then(|extra| extra.name.as_ref()), site);
                resume_unwind(payload)
            }
        }
    }
}

/// Moves what the task carries to the thread, and back when dropped.
struct Carried<'a> {
    extra: &'a mut Option<Box<Extra>>,
    outer: Ambient,
}

impl<'a> Carried<'a> {
    fn new(site: &'static Location<'static>, extra: &'a mut Option<Box<Extra>>) -> Self {
        let ours = Ambient { site: Some(site), extra: extra.take(), entered: None };
        Self { outer: ambient::replace(ours), extra }
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        let ours = ambient::replace(std::mem::take(&mut self.outer));
        *self.extra = ours.extra;
    }
}
