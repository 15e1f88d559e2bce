//! A limit of so many a second: the algorithm of the crate `governor` (GCRA, a leaky bucket), with Vela's clock and a line.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Governor};
use parking_lot::Mutex;

use crate::ops::{Named, Receive};
use crate::rt;
use crate::select::Polled;
use crate::sync::Semaphore;
use crate::time::{Instant, sleep};

/// Permits so many operations in a time, whoever asks: `<-limiter` waits for the turn.
///
/// A limiter of n per second that nobody has asked for a while permits n at once (see [`burst`](Self::burst)), then one every
/// n-th of a second. Who waits is served first come, first served; a turn needs no giving back. Clones are handles of the
/// same limiter.
///
/// - **Overload.** Whoever waits is held up, so the excess piles up in the channels before it: bound them.
///   [`try_turn`](Self::try_turn) refuses instead.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::RateLimiter;
/// use vela::time::{Instant, ms};
///
/// # vela::block_on(async {
/// let limiter = RateLimiter::new(1, ms(5));
/// let start = Instant::now();
/// for _ in 0..3 {
///     limiter.turn().await;                 // `<-limiter` inside `vela!`
/// }
/// assert!(start.elapsed() >= ms(10));       // the first came at once
/// assert!(limiter.try_turn(1).is_err());
/// # });
/// ```
#[derive(Clone)]
pub struct RateLimiter {
    shared: Arc<Shared>,
}

struct Shared {
    governor: Governor<NotKeyed, InMemoryState, Watch, NoOpMiddleware<Nanos>>,
    watch: Watch,
    quota: Quota,
    /// How many are in the line. Who is not in it asks the governor under this lock, so that nobody is overtaken.
    waiting: Mutex<usize>,
    /// Who has this one permit is at the head of the line, and may wait for the governor.
    line: Semaphore,
}

/// Vela's clock for the governor, which counts from a start.
#[derive(Clone, Copy)]
struct Watch {
    start: Instant,
}

impl Clock for Watch {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        nanos(self.start.elapsed())
    }
}

/// What a governor can count with, bursts included: 36 years for each turn.
const MOST: u64 = u64::MAX >> 4;

fn nanos(d: Duration) -> Nanos {
    Nanos::from(u64::try_from(d.as_nanos()).unwrap_or(MOST).min(MOST))
}

impl RateLimiter {
    /// Permits `n` operations `per` so long, up to `n` of them at once. (At most one a nanosecond.)
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    #[must_use]
    #[track_caller]
    pub fn new(n: u32, per: Duration) -> Self {
        let Some(n) = NonZeroU32::new(n) else {
            panic!("a rate limiter that permits 0 operations lets nobody through")
        };
        let period = (per / n.get()).max(Duration::from_nanos(1));
        Self::of(period, n)
    }

    /// The same rate, with up to `n` operations at once: 1 is an even pace.
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    #[must_use]
    #[track_caller]
    pub fn burst(self, n: u32) -> Self {
        let Some(n) = NonZeroU32::new(n) else { panic!("a rate limiter with a burst of 0 lets nobody through") };
        Self::of(self.shared.quota.replenish_interval(), n)
    }

    fn of(period: Duration, burst: NonZeroU32) -> Self {
        // A governor multiplies them without a check.
        let longest = Duration::from_nanos(MOST / u64::from(burst.get()));
        let quota = Quota::with_period(period.min(longest)).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        let watch = Watch { start: Instant::now() };
        let governor = Governor::direct_with_clock(quota, watch);
        let (waiting, line) = (Mutex::new(0), Semaphore::new(1));
        Self { shared: Arc::new(Shared { governor, watch, quota, waiting, line }) }
    }

    /// Waits for one turn: `<-limiter`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the place in line, and no turn.
    #[track_caller]
    pub fn turn(&self) -> Turn {
        self.turns(1)
    }

    /// Waits for `n` turns at once. Also a source: `<-limiter.turns(3)`.
    ///
    /// # Panics
    ///
    /// If `n` is more than the burst: that would be for ever.
    ///
    /// # Cancel safety
    ///
    /// As [`turn`](Self::turn).
    #[track_caller]
    pub fn turns(&self, n: u32) -> Turn {
        let most = self.shared.quota.burst_size().get();
        assert!(n <= most, "{n} turns at once, of a rate limiter whose burst is {most}");
        let shared = Arc::clone(&self.shared);
        rt::operation("rate limit", Box::pin(async move { shared.wait(n).await }))
    }

    /// Takes `n` turns if nobody waits and they are permitted now.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] says for how long it is no use to try again.
    pub fn try_turn(&self, n: u32) -> Result<(), RateLimited> {
        let shared = &self.shared;
        let waiting = shared.waiting.lock();
        let outcome = if n > shared.quota.burst_size().get() {
            Err(None)
        } else if *waiting > 0 {
            Err(Some(shared.quota.replenish_interval()))
        } else {
            shared.check(n)
        };
        outcome.map_err(|retry_after| RateLimited { retry_after })
    }
}

impl Shared {
    async fn wait(&self, n: u32) {
        let Some(_waiting) = self.enter_line(n) else { return };
        let Ok(_head) = self.line.acquire_unnamed(1).await else { unreachable!("the line is never closed") };
        while let Err(wait) = self.check(n) {
            sleep(wait.unwrap_or(Duration::MAX)).await;
        }
    }

    /// Takes the turns at once, if nobody waits and they are permitted now, or else a place in the line.
    fn enter_line(&self, n: u32) -> Option<Waiting<'_>> {
        let mut waiting = self.waiting.lock();
        if *waiting == 0 && self.check(n).is_ok() {
            return None;
        }
        *waiting += 1;
        Some(Waiting(self))
    }

    /// Takes the turns, or says how long to wait; `None`: for ever.
    fn check(&self, n: u32) -> Result<(), Option<Duration>> {
        let Some(n) = NonZeroU32::new(n) else { return Ok(()) };
        if n > self.quota.burst_size() {
            // Not asked of the governor, which multiplies it first.
            return Err(None);
        }
        match self.governor.check_n(n) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(Some(not_until.wait_time_from(self.watch.now()))),
            Err(_) => Err(None),
        }
    }
}

/// Somebody in the line; dropping it is leaving.
struct Waiting<'a>(&'a Shared);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.waiting.lock() -= 1;
    }
}

/// The future of [`RateLimiter::turn`] and [`RateLimiter::turns`].
pub type Turn = Named<Pin<Box<dyn Future<Output = ()> + Send>>>;

impl Receive for &RateLimiter {
    type Output = ();
    type Case = Polled<Turn>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.turn())
    }
}

impl IntoFuture for &RateLimiter {
    type Output = ();
    type IntoFuture = Turn;

    #[track_caller]
    fn into_future(self) -> Turn {
        self.turn()
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quota = self.shared.quota;
        f.debug_struct("RateLimiter")
            .field("period", &quota.replenish_interval())
            .field("burst", &quota.burst_size())
            .finish()
    }
}

/// Too many operations.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::RateLimiter;
/// use vela::time::secs;
///
/// let limiter = RateLimiter::new(1, secs(60));
/// assert!(limiter.try_turn(1).is_ok());
/// let refused = limiter.try_turn(1).unwrap_err();
/// assert!(refused.retry_after() <= Some(secs(60)));      // a `Retry-After` header, say
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimited {
    retry_after: Option<Duration>,
}

impl RateLimited {
    /// For how long it is no use to try again, at least; `None`: for ever, because so many were asked for at once.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.retry_after {
            Some(wait) => write!(f, "the rate limit is reached; try again in {wait:?}"),
            None => f.write_str("more at once than the rate limiter ever permits"),
        }
    }
}

impl std::error::Error for RateLimited {}
