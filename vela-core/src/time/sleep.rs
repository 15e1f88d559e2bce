//! A future that is ready at a moment.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Instant;
use crate::rt::seam::Subject;
use crate::rt::{Site, Timer};

/// Waits for `d`, in the executor's resolution (1 ms). Zero is ready at once; a duration beyond the clock's range waits
/// for 30 years. The time counts from this call.
///
/// # Panics
///
/// When polled on a Tokio runtime that was built without its timers.
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{Instant, ms, sleep};
///
/// # vela::block_on(async {
/// let start = Instant::now();
/// sleep(ms(2)).await;
/// assert!(start.elapsed() >= ms(2));
/// # });
/// ```
#[track_caller]
pub fn sleep(d: Duration) -> Sleep {
    sleep_until(Instant::after(d))
}

/// Waits until `deadline`; a moment in the past is ready at once.
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{Instant, ms, sleep_until};
///
/// # vela::block_on(async {
/// sleep_until(Instant::now() + ms(1)).await;
/// # });
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::until(Some(deadline))
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Sleep {
        deadline: Option<Instant>,
        site: Site,
        #[pin]
        timer: Option<Timer>,
    }
}

impl Sleep {
    /// `None`: never.
    #[track_caller]
    pub(super) fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, site: Site::here(), timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.site.operate(cx, "sleep", Subject::Time, |cx| {
            let Some(deadline) = *this.deadline else { return Poll::Pending };
            ready!(Timer::poll_until(this.timer, deadline.into(), cx));
            Poll::Ready(())
        })
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
