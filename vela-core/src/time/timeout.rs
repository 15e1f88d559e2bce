//! A time limit for any future.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Instant;
use crate::rt::{self, Timer};

/// Runs `future` for at most `d`, counted from this call.
///
/// The future is polled first: one that is ready is never too late, not even at a limit of zero.
///
/// # Errors
///
/// [`Elapsed`] if the time is over; the future is dropped with the [`Timeout`].
///
/// # Cancel safety
///
/// That of `future`: running out of time and dropping the `Timeout` both drop it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{ms, timeout};
///
/// # vela::block_on(async {
/// assert_eq!(timeout(ms(100), async { "in time" }).await, Ok("in time"));
/// assert!(timeout(ms(1), std::future::pending::<()>()).await.is_err());
/// # });
/// ```
pub fn timeout<F: IntoFuture>(d: Duration, future: F) -> Timeout<F::IntoFuture> {
    timeout_at(Instant::after(d), future)
}

/// Runs `future` until `deadline` at the latest.
///
/// # Errors
///
/// [`Elapsed`] if the deadline passes first.
///
/// # Cancel safety
///
/// That of `future`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{Instant, ms, timeout_at};
///
/// # vela::block_on(async {
/// let deadline = Instant::now() + ms(100);
/// assert_eq!(timeout_at(deadline, async { 1 }).await, Ok(1));
/// assert_eq!(timeout_at(deadline, async { 2 }).await, Ok(2));
/// # });
/// ```
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), deadline, timer: None }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        deadline: Instant,
        #[pin]
        timer: Option<Timer>,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // An exhausted budget is not a future that is not ready.
        ready!(rt::poll_has_budget(cx));
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Timer::poll_until(this.timer, (*this.deadline).into(), cx).map(|()| Err(Elapsed(())))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// The time was over before the future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time limit was exceeded")
    }
}

impl std::error::Error for Elapsed {}
