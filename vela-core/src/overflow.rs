//! What a full channel does with one more value.

use std::time::Duration;

/// What `send` does when a bounded channel is full.
///
/// A policy belongs to the channel, not to the sender: set it with
/// [`ChannelBuilder::overflow`](crate::ChannelBuilder::overflow). Values that a policy drops are counted, see
/// [`Sender::dropped`](crate::Sender::dropped).
///
/// ```
/// use vela_core::{Channel, Overflow};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tx, rx) = Channel::bounded(2).overflow(Overflow::DropOldest).build()?;
/// for n in 1..=5 {
///     tx.try_send(n)?;
/// }
/// assert_eq!(rx.drain().collect::<Vec<_>>(), [4, 5]);
/// assert_eq!(tx.dropped(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Wait for room: back-pressure. The default.
    #[default]
    Block,
    /// Fail at once with the value and [`SendErrorKind::Full`](crate::SendErrorKind::Full).
    Reject,
    /// Drop the oldest buffered value and take the new one; `send` never waits.
    DropOldest,
    /// Drop the new value; `send` never waits and says `Ok`.
    DropNewest,
    /// Wait for room this long, then fail with the value and
    /// [`SendErrorKind::TimedOut`](crate::SendErrorKind::TimedOut).
    Timeout(Duration),
    /// Try again up to `attempts` times, `backoff` apart and doubling each time, then fail with the value and
    /// [`SendErrorKind::Full`](crate::SendErrorKind::Full). Between two tries the sender holds no place in the queue.
    Retry {
        /// How many times to try after the first.
        attempts: u32,
        /// The pause before the first retry.
        backoff: Duration,
    },
}

impl Overflow {
    /// Whether a send on a full channel completes at once by dropping a value.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::DropOldest | Self::DropNewest)
    }
}
