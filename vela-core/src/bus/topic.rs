//! A topic: a handle to publish on, and to subscribe to, one kind of events.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::registry::Lease;
use super::{EventBus, Subscription};
use crate::broadcast::Sender;
use crate::monitor::ChannelMonitor;
use crate::ops::Transmit;
use crate::rt;
use crate::select::Polled;

/// One topic of an [`EventBus`]; made by [`EventBus::topic`] and [`EventBus::topic_of`]. It keeps the bus.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let bus = vela::bus::EventBus::new();
/// let prices = bus.topic::<f64>("prices")?;
/// let feed = prices.subscribe();
/// assert_eq!(prices.publish(9.5), 1);
/// assert_eq!(feed.try_recv().ok(), Some(9.5));
/// # Ok::<(), vela::bus::TopicTypeError>(())
/// ```
pub struct Topic<E> {
    sender: Arc<Sender<E>>,
    lease: Lease,
    bus: EventBus,
}

impl<E: Clone + Send + 'static> Topic<E> {
    pub(super) fn new(bus: EventBus, sender: Arc<Sender<E>>, lease: Lease) -> Self {
        Self { sender, lease, bus }
    }

    /// Gives the event to all subscribers, and says how many these are. 0: nobody listens, and it is dropped.
    pub fn publish(&self, event: E) -> usize {
        self.sender.send(event).unwrap_or(0)
    }

    /// A subscription to the events that are published from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<E> {
        Subscription::new(&self.sender, self.lease.clone())
    }
}

impl<E> Topic<E> {
    /// Its name; `None` if it is the topic of the type.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.lease.key().name()
    }

    /// How many subscribers there are.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        self.sender.receiver_count()
    }

    /// What is counted on it; `None` if the [bus has no name](EventBus::with_name).
    #[must_use]
    pub fn monitor(&self) -> Option<ChannelMonitor> {
        self.sender.monitor()
    }

    /// Its bus.
    #[must_use]
    pub fn bus(&self) -> &EventBus {
        &self.bus
    }
}

impl<E> Clone for Topic<E> {
    fn clone(&self) -> Self {
        Self { sender: Arc::clone(&self.sender), lease: self.lease.clone(), bus: self.bus.clone() }
    }
}

impl<E> fmt::Debug for Topic<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("name", &self.name())
            .field("subscribers", &self.subscriber_count())
            .finish_non_exhaustive()
    }
}

/// Ready at once: publishing never waits, and never fails.
impl<'a, E: Clone + Send + 'static> Transmit<E> for &'a Topic<E> {
    type Output = Result<(), PublishError>;
    type Case = Polled<Publish<'a, E>>;

    fn transmit(self, event: E) -> Self::Case {
        Polled::new(Publish { on: On::Topic(self), event: Some(event) })
    }
}

/// The sending arm of a `select!`: it publishes when it is polled.
///
/// # Cancel safety
///
/// Dropped before that, it drops the event, which was not published.
#[must_use = "futures do nothing unless awaited"]
pub struct Publish<'a, E> {
    on: On<'a, E>,
    event: Option<E>,
}

enum On<'a, E> {
    Bus(&'a EventBus),
    Topic(&'a Topic<E>),
}

impl<'a, E> Publish<'a, E> {
    pub(super) fn on_bus(bus: &'a EventBus, event: E) -> Self {
        Self { on: On::Bus(bus), event: Some(event) }
    }
}

// The event is never pinned.
impl<E> Unpin for Publish<'_, E> {}

impl<E: Clone + Send + 'static> Future for Publish<'_, E> {
    type Output = Result<(), PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(rt::poll_budget(cx));
        let Some(event) = self.event.take() else { return Poll::Pending };
        budget.charge();
        match self.on {
            On::Bus(bus) => bus.publish(event),
            On::Topic(topic) => topic.publish(event),
        };
        Poll::Ready(Ok(()))
    }
}

impl<E> fmt::Debug for Publish<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("bus::Publish").finish_non_exhaustive()
    }
}

/// The error of `topic <- event`: there is none, publishing always works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishError(Infallible);

impl fmt::Display for PublishError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl std::error::Error for PublishError {}
