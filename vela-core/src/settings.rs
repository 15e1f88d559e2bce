//! The settings of one channel, as plain data: what a configuration gives and a channel's builder takes.
//!
//! # Examples
//!
//! ```
//! use vela_core::settings::{Capacity, ChannelSettings, Sizing};
//! use std::time::Duration;
//!
//! let mut settings = ChannelSettings::default();
//! assert_eq!(settings.capacity, Capacity::Bounded(1000)); // messages
//!
//! // 2,000 messages a second at the peak, each taking 5 ms to process.
//! settings.sizing = Some(Sizing::new(2000.0, Duration::from_millis(5)));
//! settings.capacity = Capacity::Bounded(10);
//! assert_eq!(settings.undersized(), Some(30)); // messages: it should hold at least as many
//! ```

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::overflow::Overflow;

pub mod sizing;
#[cfg(feature = "serde")]
pub(crate) mod written;

pub use sizing::Sizing;

/// What a channel is to be like.
///
/// # Examples
///
/// ```
/// use vela_core::Overflow;
/// use vela_core::settings::ChannelSettings;
///
/// let settings = ChannelSettings::default();
/// assert_eq!(settings.overflow, Overflow::Block);
/// assert!(settings.monitored);
/// assert_eq!((settings.saturated_at, settings.relieved_at), (0.8, 0.5)); // shares of the capacity
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "written::Written", into = "written::Written"))]
#[non_exhaustive]
pub struct ChannelSettings {
    /// How many messages it holds.
    pub capacity: Capacity,
    /// What it does with one more.
    pub overflow: Overflow,
    /// Whether it is monitored. It is unless told otherwise.
    pub monitored: bool,
    /// The share of the capacity from which it counts as saturated: more than 0, at most 1; 0.8 unless told otherwise.
    pub saturated_at: f64,
    /// The share of the capacity down to which it must fall to count as relieved again: at least 0 and less than
    /// [`saturated_at`](Self::saturated_at); 0.5 unless told otherwise.
    pub relieved_at: f64,
    /// At most one line of the log in this time about drops, saturation and the like; 10 seconds unless told otherwise.
    pub report_every: Duration,
    /// What the capacity was computed from, or is to be checked against.
    pub sizing: Option<Sizing>,
}

impl ChannelSettings {
    /// The capacity that the [sizing](Self::sizing) asks for, in messages, if the channel has less.
    #[must_use]
    pub fn undersized(&self) -> Option<usize> {
        let wanted = self.sizing?.capacity();
        matches!(self.capacity, Capacity::Bounded(capacity) if capacity < wanted).then_some(wanted)
    }
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            capacity: Capacity::default(),
            overflow: Overflow::default(),
            monitored: true,
            saturated_at: 0.8,
            relieved_at: 0.5,
            report_every: Duration::from_secs(10),
            sizing: None,
        }
    }
}

/// How many messages a channel holds.
///
/// # Examples
///
/// ```
/// use vela_core::settings::Capacity;
///
/// assert_eq!(Capacity::Bounded(16).to_string(), "16");
/// assert_eq!(Capacity::Unbounded.to_string(), "unbounded");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// So many messages; 0 is a rendezvous.
    Bounded(usize),
    /// As many as there are.
    Unbounded,
}

impl Capacity {
    /// The largest bound that a configuration may ask for, in messages: 2³¹ − 1. More is a slip of the keyboard.
    pub const MAX: usize = i32::MAX as usize;
}

impl Default for Capacity {
    /// 1000 messages: where sizing starts that has no numbers yet.
    fn default() -> Self {
        Self::Bounded(1000)
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bounded(messages) => messages.fmt(f),
            Self::Unbounded => "unbounded".fmt(f),
        }
    }
}

/// What becomes of a channel without a bound.
///
/// # Examples
///
/// ```
/// use vela_core::settings::UnboundedPolicy;
///
/// assert_eq!(UnboundedPolicy::default(), UnboundedPolicy::Allow);
/// assert_eq!(UnboundedPolicy::Forbid.to_string(), "forbid");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum UnboundedPolicy {
    /// It is refused.
    Forbid,
    /// It is made, and the log says so.
    Warn,
    /// It is made.
    #[default]
    Allow,
}

/// That of the process.
static POLICY: AtomicU8 = AtomicU8::new(UnboundedPolicy::Allow as u8);

impl UnboundedPolicy {
    /// What the process's configuration says.
    pub(crate) fn in_force() -> Self {
        // Relaxed: a flag on its own.
        match POLICY.load(Ordering::Relaxed) {
            0 => Self::Forbid,
            1 => Self::Warn,
            _ => Self::Allow,
        }
    }

    #[cfg(feature = "config")]
    pub(crate) fn put_in_force(self) {
        POLICY.store(self as u8, Ordering::Relaxed);
    }
}

impl fmt::Display for UnboundedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbid => "forbid",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
        .fmt(f)
    }
}
