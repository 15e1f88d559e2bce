//! How large a buffer ought to be.

use std::time::Duration;

use super::Capacity;
use crate::monitor::ChannelSnapshot;

/// What the capacity of a channel follows from: the messages that arrive while one is processed, times a factor for bursts.
///
/// # Examples
///
/// ```
/// use vela_core::settings::Sizing;
/// use std::time::Duration;
///
/// // 100 commands a second, 50 ms each: 5 arrive while one is processed; three times that for bursts.
/// assert_eq!(Sizing::new(100.0, Duration::from_millis(50)).capacity(), 15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Sizing {
    /// Messages per second at the peak.
    pub peak_rate: f64,
    /// How long the receiver takes for one message, on average.
    #[cfg_attr(feature = "serde", serde(with = "super::written::duration"))]
    pub processing_time: Duration,
    /// The factor for bursts: 2 to 5 as a rule, 3 unless told otherwise.
    #[cfg_attr(feature = "serde", serde(default = "safety"))]
    pub safety: f64,
}

#[cfg(feature = "serde")]
fn safety() -> f64 {
    Sizing::SAFETY
}

impl Sizing {
    /// The factor for bursts unless another is named.
    pub const SAFETY: f64 = 3.0;

    /// A peak rate in messages per second and the time to process one, with the usual factor for bursts.
    #[must_use]
    pub fn new(peak_rate: f64, processing_time: Duration) -> Self {
        Self { peak_rate, processing_time, safety: Self::SAFETY }
    }

    /// What a [monitor](crate::monitor) has measured: the busiest second, and how long the receivers took at the most while there
    /// was work all the time. `None` while there was no such time.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::settings::Sizing;
    ///
    /// for line in vela_core::monitor::snapshot() {
    ///     if let (Some(sizing), Some(capacity)) = (Sizing::measured(&line), line.capacity) {
    ///         println!("{}: {} wanted, {capacity} there", line.name, sizing.capacity());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn measured(line: &ChannelSnapshot) -> Option<Self> {
        let known = line.peak_rate > 0.0 && !line.processing_time.is_zero();
        known.then(|| Self::new(line.peak_rate, line.processing_time))
    }

    /// How many messages the channel should hold; see [`capacity`].
    #[must_use]
    pub fn capacity(&self) -> usize {
        capacity(self.peak_rate, self.processing_time, self.safety)
    }
}

/// `peak_rate` (messages per second) × `processing_time` × `safety`, rounded up: at least 1 message, at most
/// [`Capacity::MAX`]. What is not a number counts as 1.
///
/// # Examples
///
/// ```
/// use vela_core::settings::sizing;
/// use std::time::Duration;
///
/// assert_eq!(sizing::capacity(100.0, Duration::from_millis(50), 3.0), 15);
/// assert_eq!(sizing::capacity(0.1, Duration::from_millis(1), 2.0), 1);
/// ```
#[must_use]
pub fn capacity(peak_rate: f64, processing_time: Duration, safety: f64) -> usize {
    let exact = peak_rate * processing_time.as_secs_f64() * safety;
    let nearest = exact.round();
    // 0.1 s has no exact form: without the margin 10 × 0.1 s × 3 could be 4.
    let rounded = if (exact - nearest).abs() <= nearest.abs() * 1e-9 { nearest } else { exact.ceil() };
    // `as` saturates, and makes 0 of NaN.
    (rounded as usize).clamp(1, Capacity::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_but_not_for_the_last_bit_of_a_float() {
        let tenth = Duration::from_millis(100);
        assert_eq!(capacity(10.0, tenth, 3.0), 3);
        assert_eq!(capacity(70.0, tenth, 1.1), 8); // 7.7
        assert_eq!(capacity(3.0, tenth, 10.0), 3); // 3.0000000000000004
        assert_eq!(capacity(1000.0, Duration::from_micros(3), 1000.0), 3);
    }

    #[test]
    fn stays_within_what_a_channel_can_have() {
        assert_eq!(capacity(f64::NAN, Duration::from_secs(1), 3.0), 1);
        assert_eq!(capacity(-5.0, Duration::from_secs(1), 3.0), 1);
        assert_eq!(capacity(f64::INFINITY, Duration::from_secs(1), 3.0), Capacity::MAX);
        assert_eq!(capacity(1e300, Duration::MAX, 1e9), Capacity::MAX);
    }
}
