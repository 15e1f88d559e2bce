//! A bus: events by topic, for whoever has subscribed.
//!
//! A topic is a type of events, or a name with a type. Each has a [`broadcast`] channel, which is there while
//! somebody has subscribed or holds the [`Topic`], and costs nothing before and after. Publishing never waits, and to publish what
//! nobody listens to is no mistake: it says how many subscribers there were.
//!
//! The type decides, and nothing is converted: `bus.publish(5)` is an `i32`, which subscribers of `u32` do not hear of. Make
//! types of your own for events. Events are cloned and dropped under a topic's locks, as with `broadcast`: an event's `clone` and
//! `drop` must not touch that topic.
//!
//! A subscriber that is slower than the topic's capacity allows loses the oldest events. What then happens is its own choice: to
//! be told (a [`Subscription`], as it is), or to go on, to have only the newest, or to end ([`on_lag`](Subscription::on_lag)).
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! use vela::bus::EventBus;
//!
//! #[derive(Clone, Debug, PartialEq)]
//! struct UserJoined(&'static str);
//!
//! # vela::block_on(async {
//! let bus = EventBus::new();
//! assert_eq!(bus.publish(UserJoined("nobody hears of her")), 0);
//! let joined = bus.subscribe::<UserJoined>();
//! assert_eq!(bus.publish(UserJoined("ann")), 1);
//! assert_eq!(joined.recv().await, Some(Ok(UserJoined("ann"))));     // `<-joined` inside `vela!`
//!
//! let orders = bus.topic::<u64>("orders")?;
//! let all = orders.subscribe();
//! orders.publish(17);
//! assert_eq!(all.recv().await, Some(Ok(17)));
//! # Ok::<(), vela::bus::TopicTypeError>(())
//! # }).unwrap();
//! ```

mod events;
mod registry;
mod subscription;
mod topic;

use std::fmt;
use std::sync::Arc;

pub use events::{Events, EventsRecv, OnLag};
pub use registry::TopicTypeError;
pub use subscription::{Recv, Subscription};
pub use topic::{Publish, PublishError, Topic};

use crate::broadcast;
use crate::ops::Transmit;
use crate::select::Polled;
use registry::{Key, Registry};

/// How many events a topic keeps for slow subscribers, if nothing else is said.
const DEFAULT_CAPACITY: usize = 256;

/// Topics to publish events on and to subscribe to; clones are the same bus.
///
/// The subscriptions end when all clones and all [`Topic`]s are gone.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::bus::{EventBus, OnLag};
///
/// let bus = EventBus::with_capacity(4);
/// let newest = bus.subscribe::<u32>().on_lag(OnLag::Newest);
/// for n in 0..3_u32 {
///     bus.publish(n);
/// }
/// drop(bus);
/// assert_eq!(newest.recv_blocking(), Some(2));
/// assert_eq!(newest.recv_blocking(), None);
/// ```
#[derive(Clone)]
pub struct EventBus {
    registry: Arc<Registry>,
}

impl EventBus {
    /// A bus whose topics keep 256 events each.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// A bus whose topics keep `capacity` events each (rounded up to a power of two, at least 1) for slow subscribers. The places
    /// are allocated when a topic is made.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { registry: Arc::new(Registry::new(None, capacity)) }
    }

    /// A bus with a name, whose topics are [monitored](crate::monitor), each as [`broadcast::channel_named`] is: the topic `orders` of the
    /// bus `shop` under the name `shop.orders`, that of a type under the type's full name, as in `shop.my_app::UserJoined`.
    ///
    /// A topic that comes back after it was gone goes on where its counters were.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// let bus = vela::bus::EventBus::with_name("shop", 2);
    /// let orders = bus.topic::<u64>("orders")?;
    /// let slow = orders.subscribe();
    /// for order in 0..5 {
    ///     orders.publish(order);
    /// }
    /// assert_eq!(slow.try_recv().unwrap_err().lagged(), Some(3));
    ///
    /// let seen = orders.monitor().expect("the bus has a name").snapshot();
    /// assert_eq!((seen.name.as_str(), seen.sent, seen.dropped, seen.depth), ("shop.orders", 5, 3, 2));
    /// # Ok::<(), vela::bus::TopicTypeError>(())
    /// ```
    #[must_use]
    pub fn with_name(name: impl Into<Box<str>>, capacity: usize) -> Self {
        Self { registry: Arc::new(Registry::new(Some(name.into()), capacity)) }
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.registry.name()
    }

    /// Gives the event to all subscribers of its type, and says how many these are. 0: nobody listens, and it is dropped.
    pub fn publish<E: Clone + Send + 'static>(&self, event: E) -> usize {
        match self.registry.find::<E>() {
            Some(sender) => sender.send(event).unwrap_or(0),
            None => 0,
        }
    }

    /// A subscription to the events of a type that are published from now on.
    #[must_use]
    pub fn subscribe<E: Clone + Send + 'static>(&self) -> Subscription<E> {
        let (lease, sender) = self.registry.lease::<E>(Key::of::<E>());
        Subscription::new(&sender, lease)
    }

    /// The topic of a type, to publish without looking it up each time.
    #[must_use]
    pub fn topic_of<E: Clone + Send + 'static>(&self) -> Topic<E> {
        let (lease, sender) = self.registry.lease::<E>(Key::of::<E>());
        Topic::new(self.clone(), sender, lease)
    }

    /// The topic of a name. It is another one than that of the type, and than those of other names.
    ///
    /// # Errors
    ///
    /// [`TopicTypeError`] if somebody holds, or has subscribed to, a topic of this name with another type.
    pub fn topic<E: Clone + Send + 'static>(&self, name: &str) -> Result<Topic<E>, TopicTypeError> {
        let (lease, sender) = self.registry.lease_named::<E>(name)?;
        Ok(Topic::new(self.clone(), sender, lease))
    }

    /// How many subscribers there are to the events of a type.
    #[must_use]
    pub fn subscriber_count<E: Clone + Send + 'static>(&self) -> usize {
        self.registry.find::<E>().map_or(0, |sender: Arc<broadcast::Sender<E>>| sender.receiver_count())
    }

    /// How many topics there are: those that somebody has subscribed to, or holds.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.registry.len()
    }

    /// Whether both are the same bus.
    #[must_use]
    pub fn same_bus(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.registry, &other.registry)
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("topics", &self.topic_count()).finish_non_exhaustive()
    }
}

/// Publishes by type. Ready at once: publishing never waits, and never fails.
impl<'a, E: Clone + Send + 'static> Transmit<E> for &'a EventBus {
    type Output = Result<(), PublishError>;
    type Case = Polled<Publish<'a, E>>;

    fn transmit(self, event: E) -> Self::Case {
        Polled::new(Publish::on_bus(self, event))
    }
}
