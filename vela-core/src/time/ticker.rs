//! A timer that fires again and again, on a grid that does not drift.

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

/// A ticker: `<-ticker` gives the moment of a tick every `period`, the first after one period.
///
/// - The ticks lie on a grid that starts now: a late receiver does not shift the later ones.
/// - A slow receiver misses ticks, as in Go: one that is overdue is received at once, further missed ones are dropped.
/// - A period of zero ticks whenever it is asked; one beyond the clock's range in 30 years.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{ms, tick};
///
/// # vela::block_on(async {
/// let ticker = tick(ms(1));
/// for _ in 0..3 {
///     (&ticker).await;                  // `for at in <-ticker { }` inside `vela!`
/// }
/// ticker.stop();
/// assert_eq!((&ticker).await, None);
/// # });
/// ```
pub fn tick(period: Duration) -> Ticker {
    let grid = Grid { next: Instant::after(period), period };
    Ticker { grid: Mutex::new(Some(grid)), changed: Notify::const_new() }
}

/// A timer that fires again and again: Go's `time.Ticker`. Each tick is received by one receiver.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{ms, tick};
///
/// # vela::block_on(async {
/// let ticker = tick(ms(1));
/// let first = ticker.recv().await;
/// let second = ticker.recv().await;
/// assert!(second > first);
/// # });
/// ```
#[must_use = "a ticker does nothing unless it is received from"]
pub struct Ticker {
    /// `None` once stopped.
    grid: Mutex<Option<Grid>>,
    changed: Notify,
}

#[derive(Clone, Copy)]
struct Grid {
    next: Instant,
    period: Duration,
}

impl Grid {
    /// The grid after the tick at `next` was received at `now`: every point up to `now` is over.
    fn advance(&mut self, now: Instant) {
        let late = now.duration_since(self.next).as_nanos();
        let Some(into_period) = late.checked_rem(self.period.as_nanos()) else {
            self.next = now;
            return;
        };
        let secs = u64::try_from(into_period / 1_000_000_000).unwrap_or(u64::MAX);
        // Less than 10⁹, so that it fits.
        let nanos = u32::try_from(into_period % 1_000_000_000).unwrap_or(0);
        self.next = now + self.period.saturating_sub(Duration::new(secs, nanos));
    }
}

impl Ticker {
    /// Stops the ticker for good: whoever receives from it, now or later, gets `None`, and `for` loops end
    /// (in Go they would hang). True if it was running.
    pub fn stop(&self) -> bool {
        let was = self.grid.lock().take();
        self.changed.notify_waiters();
        was.is_some()
    }

    /// Starts a new grid: the next tick is `period` from now. False, and nothing happens, once stopped.
    pub fn reset(&self, period: Duration) -> bool {
        let new = Grid { next: Instant::after(period), period };
        let running = match &mut *self.grid.lock() {
            Some(grid) => {
                *grid = new;
                true
            }
            None => false,
        };
        self.changed.notify_waiters();
        running
    }

    /// The period; `None` once stopped.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.grid.lock().map(|grid| grid.period)
    }

    /// Waits for the next tick and gives its place on the grid; `None` once stopped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: until the future has returned, the tick is there for the next receiver.
    #[track_caller]
    pub fn recv(&self) -> TickFuture<'_> {
        TickFuture { ticker: self, site: Site::here(), changed: self.changed.notified(), timer: None }
    }

    fn next(&self) -> Option<Instant> {
        self.grid.lock().map(|grid| grid.next)
    }

    /// Takes the tick at `seen`, unless somebody else has or the grid was changed.
    fn take(&self, seen: Instant) -> bool {
        let now = Instant::now();
        match &mut *self.grid.lock() {
            Some(grid) if grid.next == seen => {
                grid.advance(now.max(seen));
                true
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").field("period", &self.period()).field("next", &self.next()).finish()
    }
}

impl<'a> Receive for &'a Ticker {
    type Output = Option<Instant>;
    type Case = Polled<TickFuture<'a>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a> IntoFuture for &'a Ticker {
    type Output = Option<Instant>;
    type IntoFuture = TickFuture<'a>;

    #[track_caller]
    fn into_future(self) -> TickFuture<'a> {
        self.recv()
    }
}

pin_project! {
    /// The future that waits for a tick. The executor's timer is inside.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless awaited"]
    pub struct TickFuture<'a> {
        ticker: &'a Ticker,
        site: Site,
        #[pin]
        changed: Notified<'a>,
        #[pin]
        timer: Option<Timer>,
    }
}

impl Future for TickFuture<'_> {
    type Output = Option<Instant>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.site.operate(cx, "tick", Subject::Time, |cx| {
            loop {
                // Registered first, then looked: a reset or stop in between wakes us.
                this.changed.as_mut().enable();
                let Some(next) = this.ticker.next() else {
                    return Poll::Ready(None);
                };
                if Timer::poll_until(this.timer.as_mut(), next.into(), cx).is_ready() {
                    if this.ticker.take(next) {
                        return Poll::Ready(Some(next));
                    }
                    // Another receiver was first, or the grid was changed: look again, with a fresh timer.
                    this.timer.set(None);
                    continue;
                }
                if this.changed.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.changed.set(this.ticker.changed.notified());
            }
        })
    }
}

impl fmt::Debug for TickFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TickFuture").field("ticker", self.ticker).finish_non_exhaustive()
    }
}
