//! Waiting for a context to end.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context as Cx, Poll, ready};

use pin_project_lite::pin_project;
use tokio_util::sync::WaitForCancellationFuture;

use super::Context;
use crate::ops::Receive;
use crate::rt::seam::Subject;
use crate::rt::{Site, Timer};
use crate::select::Polled;

/// The source that [`Context::done`] gives: ready once the context has ended, and ever after.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::context::Context;
/// use vela::time::ms;
///
/// # vela::block_on(async {
/// let ctx = Context::background().with_timeout(ms(1));
/// ctx.done().await;                 // `<-ctx.done()` inside `vela!`
/// assert!(ctx.is_cancelled());
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    pub(super) context: &'a Context,
}

impl<'a> Receive for &Done<'a> {
    type Output = ();
    type Case = Polled<DoneFuture<'a>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.into_future())
    }
}

impl<'a> IntoFuture for Done<'a> {
    type Output = ();
    type IntoFuture = DoneFuture<'a>;

    #[track_caller]
    fn into_future(self) -> DoneFuture<'a> {
        DoneFuture {
            context: self.context,
            site: Site::here(),
            cancelled: self.context.signal().cancelled(),
            timer: None,
        }
    }
}

pin_project! {
    /// The future behind [`Context::done`]. The executor's timer for a deadline is inside.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct DoneFuture<'a> {
        context: &'a Context,
        site: Site,
        #[pin]
        cancelled: WaitForCancellationFuture<'a>,
        #[pin]
        timer: Option<Timer>,
    }
}

impl Future for DoneFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.site.operate(cx, "done", Subject::Other, |cx| {
            if this.cancelled.poll(cx).is_pending() {
                let Some(deadline) = this.context.deadline() else { return Poll::Pending };
                ready!(Timer::poll_until(this.timer, deadline.into(), cx));
                // Passes it on to the contexts and tokens derived from this one.
                let _ = this.context.err();
            }
            Poll::Ready(())
        })
    }
}

impl fmt::Debug for DoneFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoneFuture").finish_non_exhaustive()
    }
}
