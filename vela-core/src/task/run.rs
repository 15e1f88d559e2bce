//! The future that the executor gets: the user's, with what the task carries put in place around each poll.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as Cx, Poll};

use pin_project_lite::pin_project;

use super::handle::{Task, Verdict};
use crate::context::Context;
use crate::context::ambient::{self, Extra, Name};
use crate::rt::{self, Reports};

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
    let extra = extra(name.as_ref(), context, site);
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
    let extra = extra(name.as_ref(), context, site);
    let work = move || match catch_unwind(AssertUnwindSafe(|| ambient::carry(site, extra.as_deref(), work))) {
        Ok(value) => Ok(value),
        Err(payload) => {
            super::panic::report(&*payload, extra.as_ref().and_then(|extra| extra.name.as_ref()), site);
            resume_unwind(payload)
        }
    };
    Task::new(rt::spawn_blocking(work, name.as_ref().map(Name::as_str), site), name, site)
}

/// Whether one of Vela's tasks is being polled here (so that a runtime is current), and the context in force.
fn surroundings() -> (bool, Option<Context>) {
    (ambient::is_inside(), ambient::context())
}

pub(super) fn extra(name: Option<&Name>, context: Option<Context>, site: &Location<'_>) -> Option<Box<Extra>> {
    if name.is_none() && context.is_none() {
        return None;
    }
    #[cfg(not(feature = "tracing"))]
    let _ = site;
    Some(Box::new(Extra {
        name: name.cloned(),
        context,
        #[cfg(feature = "tracing")]
        span: match name {
            Some(name) => {
                tracing::info_span!(target: "vela::task", "task", name = name.as_str(), spawned_at = %site)
            }
            None => tracing::Span::none(),
        },
    }))
}

impl<F: Future> Future for Run<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        // The executor catches panics, too, but would not say where the task comes from.
        match catch_unwind(AssertUnwindSafe(|| self.as_mut().poll_unguarded(cx))) {
            Ok(poll) => poll,
            Err(payload) => {
                self.report(&*payload);
                resume_unwind(payload)
            }
        }
    }
}

impl<F: Future> Reports for Run<F> {
    #[inline]
    fn poll_unguarded(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        let this = self.project();
        ambient::carry(this.site, this.extra.as_deref(), || this.future.poll(cx))
    }

    #[cold]
    fn report(&self, payload: &(dyn Any + Send)) {
        super::panic::report(payload, self.extra.as_ref().and_then(|extra| extra.name.as_ref()), self.site);
    }
}
