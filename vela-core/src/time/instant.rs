//! A moment on the library's clock.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::rt;

/// A moment on Vela's clock, which tests can replace: under Tokio's paused time it stands still.
///
/// Its arithmetic never panics: a sum that overflows is a moment in 30 years, a difference that would be negative is zero.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{Instant, secs};
///
/// let start = Instant::now();
/// assert!(start + secs(u64::MAX) > start + secs(1));
/// assert_eq!(start - (start + secs(1)), secs(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// What the clock shows now.
    #[must_use]
    pub fn now() -> Self {
        Self(rt::now())
    }

    /// The time since `self`; zero if that is yet to come.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        rt::now().saturating_duration_since(self.0)
    }

    /// The time from `earlier` to `self`; zero if it is the other way round.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// `self + d`, or `None` where that cannot be represented.
    #[must_use]
    pub fn checked_add(&self, d: Duration) -> Option<Self> {
        self.0.checked_add(d).map(Self)
    }

    /// `self - d`, or `None` where that cannot be represented.
    #[must_use]
    pub fn checked_sub(&self, d: Duration) -> Option<Self> {
        self.0.checked_sub(d).map(Self)
    }

    pub(crate) fn after(d: Duration) -> Self {
        Self(rt::saturating_add(rt::now(), d))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, d: Duration) -> Self {
        Self(rt::saturating_add(self.0, d))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// The moment `d` earlier; `self` itself where that cannot be represented.
    fn sub(self, d: Duration) -> Self {
        Self(self.0.checked_sub(d).unwrap_or(self.0))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, d: Duration) {
        *self = *self - d;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl From<tokio::time::Instant> for Instant {
    fn from(instant: tokio::time::Instant) -> Self {
        Self(instant.into_std())
    }
}

impl From<Instant> for tokio::time::Instant {
    fn from(instant: Instant) -> Self {
        Self::from_std(instant.0)
    }
}
