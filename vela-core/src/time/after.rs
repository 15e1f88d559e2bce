//! A timer that fires once, and can be stopped and set again.
//!
//! | state | fires | `stop` | `reset` |
//! |---|---|---|---|
//! | armed | once the deadline has passed → spent | → spent, `true` | new deadline, `true` |
//! | spent | never | `false` | → armed, `false` |
//!
//! The state is a deadline under a lock; each waiter has a timer of its own inside its own future, and takes the
//! one firing under the lock. So a timer that nobody waits for costs nothing, and one firing has one receiver.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::Instant;
use crate::ops::Receive;
use crate::rt::seam::Subject;
use crate::rt::{Site, Timer};
use crate::select::Polled;

/// A timer that fires once, `d` from now: `<-after(d)`, or kept in a variable to be stopped and reset.
///
/// Zero fires at once; a duration beyond the clock's range in 30 years.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{after, ms};
///
/// # vela::block_on(async {
/// let alarm = after(ms(1));
/// (&alarm).await;                       // `<-alarm` inside `vela!`
/// assert!(!alarm.stop());               // it has fired
/// alarm.reset(ms(1));
/// (&alarm).await;
/// # });
/// ```
pub fn after(d: Duration) -> After {
    after_at(Instant::after(d))
}

/// A timer that fires once, at `deadline`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{Instant, after_at, ms};
///
/// # vela::block_on(async {
/// after_at(Instant::now() + ms(1)).await;
/// # });
/// ```
pub fn after_at(deadline: Instant) -> After {
    After { armed: Mutex::new(Some(deadline)), changed: Notify::const_new() }
}

/// A timer that fires once: Go's `time.Timer`. One firing is received by one receiver; after it, and after
/// [`stop`](Self::stop), receivers wait until somebody calls [`reset`](Self::reset).
///
/// There is no stale firing to drain, as there was in Go before 1.23: what `stop` and `reset` say is what happens.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{after, ms, secs};
///
/// # vela::block_on(async {
/// let idle = after(secs(30));
/// assert!(idle.reset(ms(1)));       // put off, here: sooner
/// (&idle).await;
/// assert!(!idle.stop());            // too late
/// # });
/// ```
#[must_use = "a timer does nothing unless it is received from"]
pub struct After {
    /// The deadline while armed.
    armed: Mutex<Option<Instant>>,
    changed: Notify,
}

impl After {
    /// Stops the timer. True if that kept it from firing: then nobody receives from it, not even if its time
    /// has passed already. False if it had been received or stopped before.
    ///
    /// Tasks that wait for it go on waiting, for a `reset`.
    pub fn stop(&self) -> bool {
        // The waiters' own timers run on, find nothing armed, and wait.
        self.armed.lock().take().is_some()
    }

    /// Lets the timer fire once, `d` from now. True if it was still armed: then that firing is replaced.
    ///
    /// Tasks that wait for it wait for the new time.
    pub fn reset(&self, d: Duration) -> bool {
        self.reset_at(Instant::after(d))
    }

    /// Lets the timer fire once, at `deadline`; otherwise like [`reset`](Self::reset).
    pub fn reset_at(&self, deadline: Instant) -> bool {
        let was = self.armed.lock().replace(deadline);
        self.changed.notify_waiters();
        was.is_some()
    }

    /// When it fires; `None` once it has fired or was stopped.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        *self.armed.lock()
    }

    /// Waits for the timer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: until the future has returned, the firing is there for the next receiver.
    #[track_caller]
    pub fn recv(&self) -> AfterFuture<'_> {
        AfterFuture { after: self, site: Site::here(), changed: self.changed.notified(), timer: None }
    }

    /// Takes the firing if the deadline has not moved since `seen`.
    fn take(&self, seen: Instant) -> bool {
        let mut armed = self.armed.lock();
        let due = *armed == Some(seen);
        if due {
            *armed = None;
        }
        due
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("After").field("deadline", &self.deadline()).finish()
    }
}

impl<'a> Receive for &'a After {
    type Output = ();
    type Case = Polled<AfterFuture<'a>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a> IntoFuture for &'a After {
    type Output = ();
    type IntoFuture = AfterFuture<'a>;

    #[track_caller]
    fn into_future(self) -> AfterFuture<'a> {
        self.recv()
    }
}

impl IntoFuture for After {
    type Output = ();
    type IntoFuture = super::Sleep;

    /// Nobody can stop or reset it any more, so that this is a plain sleep. One that has fired is never ready.
    #[track_caller]
    fn into_future(self) -> super::Sleep {
        super::Sleep::until(self.armed.into_inner())
    }
}

pin_project! {
    /// The future that waits for an [`After`]. The executor's timer is inside.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct AfterFuture<'a> {
        after: &'a After,
        site: Site,
        #[pin]
        changed: Notified<'a>,
        #[pin]
        timer: Option<Timer>,
    }
}

impl Future for AfterFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.site.operate(cx, "after", Subject::Time, |cx| {
            loop {
                // Registered first, then looked: a reset in between wakes us.
                this.changed.as_mut().enable();
                if let Some(deadline) = this.after.deadline()
                    && Timer::poll_until(this.timer.as_mut(), deadline.into(), cx).is_ready()
                {
                    if this.after.take(deadline) {
                        return Poll::Ready(());
                    }
                    // Another receiver was first, or it was reset meanwhile: look again, with a fresh timer.
                    this.timer.set(None);
                    continue;
                }
                if this.changed.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.changed.set(this.after.changed.notified());
            }
        })
    }
}

impl fmt::Debug for AfterFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFuture").field("after", self.after).finish_non_exhaustive()
    }
}
