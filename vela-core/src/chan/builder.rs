//! Making channels.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::error::BuildError;
use super::overflow::Overflow;
use super::state::Chan;
use super::{Receiver, Sender};
use crate::monitor::{self, Limits, Watch};

/// Makes a channel of the given capacity: 0 is a rendezvous, where a send completes when a receiver has the value.
///
/// Both ends can be cloned and shared. The channel closes with its last sender, its last receiver, or by `close()`.
///
/// # Examples
///
/// ```
/// # vela_core::block_on(async {
/// let (tx, rx) = vela_core::channel(16);
/// tx.send("hello").await.unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some("hello"));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    ends(Chan::new(capacity, Overflow::Block, None, None))
}

/// Makes a channel without a bound: a send never waits, and a slow receiver makes it grow. Prefer a bounded one.
///
/// # Examples
///
/// ```
/// let (tx, rx) = vela_core::unbounded();
/// for n in 0..3 {
///     tx.try_send(n).unwrap();
/// }
/// assert_eq!(rx.drain().sum::<i32>(), 3);
/// ```
#[must_use]
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(usize::MAX)
}

#[track_caller]
fn ends<T>(chan: Chan<T>) -> (Sender<T>, Receiver<T>) {
    Sender::first(chan)
}

/// Both ends of a channel in one hand, and the way to the [builder](ChannelBuilder).
///
/// # Examples
///
/// ```
/// use vela_core::{Channel, Overflow};
///
/// let (tx, rx) = Channel::<u8>::new(4).split();
/// assert_eq!(tx.capacity(), Some(4));
///
/// let (tx, rx) = Channel::<u8>::bounded(8).name("frames").overflow(Overflow::DropOldest).build()?;
/// assert_eq!(rx.name().as_deref(), Some("frames"));
/// # Ok::<(), vela_core::BuildError>(())
/// ```
pub struct Channel<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Clone for Channel<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), receiver: self.receiver.clone() }
    }
}

impl<T> Channel<T> {
    /// A channel of the given capacity, as [`channel`] makes it.
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        let (sender, receiver) = channel(capacity);
        Self { sender, receiver }
    }

    /// A bounded channel with options.
    pub fn bounded(capacity: usize) -> ChannelBuilder<T> {
        ChannelBuilder::new(Some(capacity))
    }

    /// An unbounded channel with options.
    pub fn unbounded() -> ChannelBuilder<T> {
        ChannelBuilder::new(None)
    }

    /// The sending end.
    pub fn sender(&self) -> &Sender<T> {
        &self.sender
    }

    /// The receiving end.
    pub fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }

    /// `channel <- value` on its own.
    #[doc(hidden)]
    #[track_caller]
    pub fn __vela_send(&self, value: T) -> super::Send<'_, T> {
        self.sender.send(value)
    }

    /// The two ends.
    #[must_use]
    pub fn split(self) -> (Sender<T>, Receiver<T>) {
        (self.sender, self.receiver)
    }
}

/// Options of a channel; made by [`Channel::bounded`] and [`Channel::unbounded`].
#[must_use = "a builder does nothing until `build`"]
pub struct ChannelBuilder<T> {
    capacity: Option<usize>,
    overflow: Overflow,
    name: Option<Box<str>>,
    monitored: bool,
    limits: Limits,
    of: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for ChannelBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("name", &self.name)
            .finish()
    }
}

impl<T> ChannelBuilder<T> {
    fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            overflow: Overflow::Block,
            name: None,
            monitored: true,
            limits: Limits::default(),
            of: PhantomData,
        }
    }

    /// What a full channel does with one more value; to wait is the default.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// A name for logs and reports. A channel with a name is [monitored](crate::monitor).
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether a channel that has a name is [monitored](crate::monitor); it is, if nothing is said.
    pub fn monitored(mut self, monitored: bool) -> Self {
        self.monitored = monitored;
        self
    }

    /// At most one line in the log about each sort of trouble (saturation, drops, load) in this time; 10 seconds, if nothing is
    /// said. What is not told at once is told with the next line, and drops at the latest when the channel goes.
    pub fn report_every(mut self, every: Duration) -> Self {
        self.limits.report_every = every;
        self
    }

    /// Makes the channel.
    ///
    /// # Errors
    ///
    /// [`BuildError`], if the policy makes no sense at this capacity: any policy on an unbounded channel, a dropping one
    /// on a rendezvous.
    #[track_caller]
    pub fn build(self) -> Result<(Sender<T>, Receiver<T>), BuildError> {
        match self.capacity {
            None if self.overflow != Overflow::Block => Err(BuildError::PolicyOnUnbounded),
            Some(0) if self.overflow.drops() => Err(BuildError::DropAtRendezvous),
            capacity => {
                let capacity = capacity.unwrap_or(usize::MAX);
                let name = self.name.as_ref().filter(|_| self.monitored);
                let watch = name.map(|name| Watch::new(monitor::register(name.clone(), capacity, self.limits, None)));
                Ok(ends(Chan::new(capacity, self.overflow, self.name, watch)))
            }
        }
    }
}

super::opaque_debug!(Channel<T>);
