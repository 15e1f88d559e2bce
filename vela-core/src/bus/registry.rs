//! The topics there are, and who uses them.
//!
//! An entry is there while it has leases: of subscriptions and of topic handles. No user code runs under the lock, and nothing that
//! is of the users is dropped there.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::broadcast::{self, Sender};

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Type(TypeId),
    Name(Arc<str>),
}

impl Key {
    pub(super) fn of<E: 'static>() -> Self {
        Self::Type(TypeId::of::<E>())
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Type(_) => None,
            Self::Name(name) => Some(name),
        }
    }
}

struct Entry {
    /// A `Sender` of the topic's type, once for all who publish: a clone's drop would wake every subscriber.
    sender: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
    leases: usize,
}

pub(super) struct Registry {
    /// Ordered, so that topics end in the same order each time a test is run again.
    topics: Mutex<BTreeMap<Key, Entry>>,
    capacity: usize,
    /// Of a bus whose topics are monitored.
    name: Option<Box<str>>,
}

impl Registry {
    pub(super) fn new(name: Option<Box<str>>, capacity: usize) -> Self {
        Self { topics: Mutex::new(BTreeMap::new()), capacity, name }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn len(&self) -> usize {
        self.topics.lock().len()
    }

    /// The topic of a type, if there is one.
    pub(super) fn find<E: Send + 'static>(&self) -> Option<Arc<Sender<E>>> {
        let sender = Arc::clone(&self.topics.lock().get(&Key::of::<E>())?.sender);
        sender.downcast().ok()
    }

    /// The topic of a type, which is made if it is not there.
    pub(super) fn lease<E: Clone + Send + 'static>(self: &Arc<Self>, key: Key) -> (Lease, Arc<Sender<E>>) {
        match self.try_lease(key) {
            Ok(leased) => leased,
            Err(_) => unreachable!("the key is the type"),
        }
    }

    /// The topic of a name, which is made if it is not there.
    pub(super) fn lease_named<E: Clone + Send + 'static>(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<(Lease, Arc<Sender<E>>), TopicTypeError> {
        let name: Arc<str> = name.into();
        self.try_lease(Key::Name(Arc::clone(&name))).map_err(|existing| TopicTypeError {
            name,
            existing,
            asked: type_name::<E>(),
        })
    }

    /// `Err`: the name of the type that the topic has.
    fn try_lease<E: Clone + Send + 'static>(
        self: &Arc<Self>,
        key: Key,
    ) -> Result<(Lease, Arc<Sender<E>>), &'static str> {
        let mut topics = self.topics.lock();
        let entry = topics.entry(key.clone()).or_insert_with(|| {
            let (sender, _) = match &self.name {
                None => broadcast::channel::<E>(self.capacity),
                Some(bus) => {
                    let name = format!("{bus}.{}", key.name().unwrap_or(type_name::<E>()));
                    broadcast::channel_named(name, self.capacity)
                }
            };
            Entry { sender: Arc::new(sender), type_name: type_name::<E>(), leases: 0 }
        });
        let Ok(sender) = Arc::clone(&entry.sender).downcast() else { return Err(entry.type_name) };
        entry.leases += 1;
        drop(topics);
        Ok((Lease { registry: Arc::downgrade(self), key }, sender))
    }
}

/// A use of a topic; the topic goes with the last.
pub(super) struct Lease {
    registry: Weak<Registry>,
    key: Key,
}

impl Lease {
    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        if let Some(registry) = self.registry.upgrade()
            && let Some(entry) = registry.topics.lock().get_mut(&self.key)
        {
            entry.leases += 1;
        }
        Self { registry: Weak::clone(&self.registry), key: self.key.clone() }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(registry) = self.registry.upgrade() else { return };
        let mut topics = registry.topics.lock();
        let Some(entry) = topics.get_mut(&self.key) else { return };
        entry.leases -= 1;
        if entry.leases == 0 {
            let removed = topics.remove(&self.key);
            drop(topics);
            drop(removed);
        }
    }
}

/// A topic of this name has another type.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let bus = vela::bus::EventBus::new();
/// let _orders = bus.topic::<u64>("orders")?;
/// let error = bus.topic::<String>("orders").unwrap_err();
/// assert_eq!(error.to_string(), "the topic `orders` has events of type `u64`, not `alloc::string::String`");
/// # Ok::<(), vela::bus::TopicTypeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicTypeError {
    name: Arc<str>,
    existing: &'static str,
    asked: &'static str,
}

impl TopicTypeError {
    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for TopicTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, existing, asked } = self;
        write!(f, "the topic `{name}` has events of type `{existing}`, not `{asked}`")
    }
}

impl std::error::Error for TopicTypeError {}
