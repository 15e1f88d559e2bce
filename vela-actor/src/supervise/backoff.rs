//! How long a child waits before it is started again.

use std::ops::Range;
use std::time::Duration;

/// `min(max, min·2ⁿ)`, and some more by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Backoff {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

impl From<Range<Duration>> for Backoff {
    fn from(Range { start, end }: Range<Duration>) -> Self {
        Self { min: start, max: end }
    }
}

impl Backoff {
    /// The delay before the restart that follows `n` others, longer by the share `more` (0.0 to add nothing).
    pub(crate) fn delay(self, n: u32, more: f64) -> Duration {
        let min = self.min.as_nanos();
        // As many bits as there is room for above the highest one. A shift of a zero would be a zero at any length.
        let grown = match n {
            _ if min == 0 => 0,
            n if n >= min.leading_zeros() => u128::MAX,
            n => min << n,
        };
        let base = grown.min(self.max.as_nanos());
        // A float is cut to the nearest integer, NaN to 0.
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let more = (base as f64 * more) as u128;
        nanos(base.saturating_add(more))
    }

    /// What is wrong with the range, and how to mend it.
    pub(crate) fn problem(self) -> Option<&'static str> {
        if self.min > self.max {
            Some("the backoff's first delay is longer than its last: write the shorter one first, `.backoff(min..max)`")
        } else if self.min.is_zero() && !self.max.is_zero() {
            Some("a backoff that starts at zero never grows: start it at 1 ms or more, or leave `.backoff(…)` out")
        } else {
            None
        }
    }
}

fn nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
        (Ok(seconds), Ok(rest)) => Duration::new(seconds, rest),
        _ => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use vela_core::time::{ms, secs};

    use super::*;

    #[test]
    fn delay_doubles_up_to_the_longest() {
        let backoff = Backoff::from(ms(100)..secs(1));
        let delays: Vec<_> = (0..6).map(|n| backoff.delay(n, 0.0)).collect();
        assert_eq!(delays, [ms(100), ms(200), ms(400), ms(800), secs(1), secs(1)]);
    }

    #[test]
    fn delay_never_overflows() {
        for n in [0, 1, 30, 31, 32, 33, 63, 64, 93, 94, 95, 96, 97, 127, 128, 129, u32::MAX - 1, u32::MAX] {
            assert_eq!(Backoff::from(ms(0)..ms(0)).delay(n, 1.0), Duration::ZERO);
            assert_eq!(Backoff::from(ms(3)..ms(3)).delay(n, 0.0), ms(3));
            assert_eq!(Backoff::from(Duration::MAX..Duration::MAX).delay(n, 1.0), Duration::MAX);
            let delay = Backoff::from(Duration::from_nanos(1)..Duration::MAX).delay(n, 0.0);
            assert!(if n < 94 { delay == nanos(1 << n) } else { delay == Duration::MAX }, "{n}: {delay:?}");
        }
        assert_eq!(Backoff::from(ms(100)..secs(30)).delay(u32::MAX, 0.0), secs(30));
    }

    #[test]
    fn jitter_makes_the_delay_longer_by_its_share() {
        let backoff = Backoff::from(ms(100)..secs(1));
        assert_eq!(backoff.delay(0, 0.5), ms(150));
        assert_eq!(backoff.delay(9, 0.25), ms(1250));
        assert_eq!(backoff.delay(0, f64::NAN), ms(100));
        assert_eq!(backoff.delay(0, f64::INFINITY), Duration::MAX);
    }
}
