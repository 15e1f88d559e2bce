//! Making channels.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::error::BuildError;
#[cfg(feature = "config")]
use super::live;
use super::pipe::Pipe;
use super::state::Chan;
use super::{Receiver, Sender};
#[cfg(feature = "config")]
use crate::config;
use crate::monitor::{self, Expected, Limits, Watch};
use crate::overflow::Overflow;
use crate::settings::{Capacity, ChannelSettings, Sizing, UnboundedPolicy};

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
    // So many is how a channel without a bound is written down.
    if capacity == usize::MAX
        && let Err(error) = may_be_unbounded()
    {
        panic!("vela: {error}");
    }
    ends(Chan::new(capacity, Overflow::Block, None, None))
}

/// Makes a channel without a bound: a send never waits, and a slow receiver makes it grow. Prefer a bounded one.
///
/// # Panics
///
/// If the configuration of the process says [`unbounded = "forbid"`](crate::settings::UnboundedPolicy).
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

/// What the process's configuration says to a channel without a bound.
#[track_caller]
fn may_be_unbounded() -> Result<(), BuildError> {
    match UnboundedPolicy::in_force() {
        UnboundedPolicy::Allow => Ok(()),
        UnboundedPolicy::Forbid => Err(BuildError::UnboundedForbidden),
        UnboundedPolicy::Warn => {
            monitor::tell_unbounded(Location::caller());
            Ok(())
        }
    }
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
        ChannelBuilder::new(Ok(Some(capacity)))
    }

    /// An unbounded channel with options.
    pub fn unbounded() -> ChannelBuilder<T> {
        ChannelBuilder::new(Ok(None))
    }

    /// A channel as the [configuration](crate::config) of the process says under this name, which it follows while it lives.
    ///
    /// What the builder is told besides goes before the configuration, also when that changes.
    ///
    /// # Errors
    ///
    /// [`build`](ChannelBuilder::build) says so if no configuration is installed, or it has no such channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    /// use vela_core::Channel;
    ///
    /// Config::from_toml(r#"
    ///     [channels.worker.step_processor.requests]
    ///     capacity = 5000
    ///     overflow = { timeout = "2s" }
    /// "#)?.install();
    ///
    /// let (requests, _inbox) = Channel::<u8>::named("worker.step_processor.requests").build()?;
    /// assert_eq!(requests.capacity(), Some(5000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "config")]
    pub fn named(name: &str) -> ChannelBuilder<T>
    where
        T: Send + 'static,
    {
        let Some(config) = config::installed() else {
            return ChannelBuilder::new(Err(BuildError::NoConfiguration(name.to_owned()))).name(name);
        };
        match config.channel(name) {
            Ok(settings) => {
                let builder = Self::with_settings(&settings).name(name);
                ChannelBuilder { made: Some((name.into(), live::add)), ..builder }
            }
            Err(unknown) => ChannelBuilder::new(Err(BuildError::NotConfigured(unknown))).name(name),
        }
    }

    /// A channel with these settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::Channel;
    /// use vela_core::settings::{Capacity, ChannelSettings};
    ///
    /// let mut settings = ChannelSettings::default();
    /// settings.capacity = Capacity::Bounded(64);
    /// let (tx, _rx) = Channel::<u8>::with_settings(&settings).name("frames").build()?;
    /// assert_eq!(tx.capacity(), Some(64));
    /// # Ok::<(), vela_core::BuildError>(())
    /// ```
    pub fn with_settings(settings: &ChannelSettings) -> ChannelBuilder<T> {
        let capacity = match settings.capacity {
            Capacity::Bounded(capacity) => Some(capacity),
            Capacity::Unbounded => None,
        };
        let limits = limits(settings).checked();
        ChannelBuilder {
            overflow: settings.overflow,
            monitored: settings.monitored,
            undersized: settings.undersized(),
            expected: expected(settings),
            ..ChannelBuilder::new(limits.clone().map(|_| capacity)).limits(limits.unwrap_or_default())
        }
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

/// Options of a channel; made by [`Channel::bounded`], [`Channel::unbounded`] and their like.
#[must_use = "a builder does nothing until `build`"]
pub struct ChannelBuilder<T> {
    /// `None`: unbounded.
    capacity: Result<Option<usize>, BuildError>,
    overflow: Overflow,
    name: Option<Box<str>>,
    monitored: bool,
    limits: Limits,
    said: Said,
    expected: Option<Expected>,
    /// The capacity that the sizing asks for, if it has less.
    undersized: Option<usize>,
    /// Gets to know the channel, and the name under which it is configured.
    made: Option<(Box<str>, Made<T>)>,
}

type Made<T> = fn(&str, &Arc<Chan<T>>, Said);

/// What was said in the code, which goes before the configuration also when that changes.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "config"), allow(dead_code, reason = "there is no configuration that it goes before"))]
pub(super) struct Said {
    pub(super) overflow: bool,
    pub(super) monitored: bool,
    pub(super) saturation: Option<(f64, f64)>,
    pub(super) report_every: Option<Duration>,
}

impl<T> fmt::Debug for ChannelBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The limits of saturation.
pub(super) fn limits(settings: &ChannelSettings) -> Limits {
    let &ChannelSettings { saturated_at, relieved_at, report_every, .. } = settings;
    Limits { saturated_at, relieved_at, report_every }
}

/// The load that its capacity was computed for.
pub(super) fn expected(settings: &ChannelSettings) -> Option<Expected> {
    settings.sizing.map(|Sizing { peak_rate, processing_time, .. }| Expected { peak_rate, processing_time })
}

impl Limits {
    /// These, if they make sense.
    pub(super) fn checked(self) -> Result<Self, BuildError> {
        let Self { saturated_at, relieved_at, .. } = self;
        let right = saturated_at > 0.0 && saturated_at <= 1.0 && (0.0..saturated_at).contains(&relieved_at);
        if right { Ok(self) } else { Err(BuildError::Limits { saturated_at, relieved_at }) }
    }
}

impl<T> ChannelBuilder<T> {
    fn new(capacity: Result<Option<usize>, BuildError>) -> Self {
        Self {
            capacity,
            overflow: Overflow::Block,
            name: None,
            monitored: true,
            limits: Limits::default(),
            said: Said::default(),
            expected: None,
            undersized: None,
            made: None,
        }
    }

    fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What a full channel does with one more value; to wait is the default.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self.said.overflow = true;
        self
    }

    /// A name for logs and reports. A channel with a name is [monitored](crate::monitor).
    ///
    /// Channels that serve one purpose share a name; monitors add them up.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether a channel that has a name is [monitored](crate::monitor); it is, if nothing is said.
    pub fn monitored(mut self, monitored: bool) -> Self {
        self.monitored = monitored;
        self.said.monitored = true;
        self
    }

    /// From which share of its capacity on the channel counts as saturated, and down to which smaller one it stays so: 0.8 and
    /// 0.5, if nothing is said.
    pub fn saturation(mut self, saturated_at: f64, relieved_at: f64) -> Self {
        self.limits = Limits { saturated_at, relieved_at, ..self.limits };
        self.said.saturation = Some((saturated_at, relieved_at));
        self
    }

    /// At most one line in the log about each sort of trouble (saturation, drops, load) in this time; 10 seconds, if nothing is
    /// said. What is not told at once is told with the next line, and drops at the latest when the channel goes.
    pub fn report_every(mut self, every: Duration) -> Self {
        self.limits.report_every = every;
        self.said.report_every = Some(every);
        self
    }

    /// Makes the channel.
    ///
    /// # Errors
    ///
    /// [`BuildError`], if the policy makes no sense at this capacity (any policy on an unbounded channel, a dropping one on a
    /// rendezvous), if the limits of saturation make none, if the configuration forbids channels without a bound, or does not
    /// know a channel that it is to configure.
    #[track_caller]
    pub fn build(mut self) -> Result<(Sender<T>, Receiver<T>), BuildError> {
        let made = self.made.take();
        let said = self.said;
        let (sender, receiver) = ends(self.build_chan()?);
        if let Some((name, made)) = made {
            made(&name, sender.chan(), said);
        }
        Ok((sender, receiver))
    }

    /// As [`build`](Self::build), to be kept in a place of the caller's. Not for a configured channel, which stays as it is made.
    #[doc(hidden)]
    pub fn build_pipe(self) -> Result<Pipe<T>, BuildError> {
        Ok(Pipe::new(self.build_chan()?))
    }

    fn build_chan(self) -> Result<Chan<T>, BuildError> {
        let capacity = self.capacity?.filter(|capacity| *capacity != usize::MAX);
        match capacity {
            None if self.overflow != Overflow::Block => return Err(BuildError::PolicyOnUnbounded),
            None => may_be_unbounded()?,
            Some(0) if self.overflow.drops() => return Err(BuildError::DropAtRendezvous),
            Some(_) => {}
        }
        let limits = self.limits.checked()?;
        let capacity = capacity.unwrap_or(usize::MAX);
        let name = self.name;
        if let Some(wanted) = self.undersized {
            monitor::tell_undersized(name.as_deref().unwrap_or(""), capacity, wanted);
        }
        let monitored = name.as_ref().filter(|_| self.monitored);
        let meter = monitored.map(|name| monitor::register(name.clone(), capacity, limits, self.expected));
        Ok(Chan::new(capacity, self.overflow, name, meter.map(Watch::new)))
    }
}

super::opaque_debug!(Channel<T>);
