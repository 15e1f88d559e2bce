//! Names: what is registered under a name can be looked up where the name is known, by its type.
//!
//! A value is what stands for an actor, its address say, and is meant to outlive the actor's restarts. A name belongs to an actor:
//! it is given up when that has ended for good, at the latest. Whether the value keeps the actor alive is its own affair (a weak
//! address does not).
//!
//! R1. Who registers notes the registry with the actor, enters the name, and then looks whether the actor has ended. Who ends says so
//! first, and then takes back all names in the registries that were noted. So one of the two takes the name back.
//!
//! No value is cloned or dropped, and no waiter woken, while the lock is held.

mod error;

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vela_core::watch;

pub use error::{LookupError, RegisterError, Similar};

pub(crate) use error::{did_you_mean, similar};

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::Core;
use crate::identity::{ActorId, Identity};

/// Names of actors, for values of any type. A clone is the same registry. Each [`System`](crate::System) has one.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext};
/// # struct Clock;
/// # impl Actor for Clock {
/// #     type Message = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::{Address, System, child};
///
/// # vela::block_on(async {
/// let system = System::new("station");
/// let clock = system.spawn(child("clock-1"), || Clock)?;
/// let names = system.registry();
/// names.register("clock", clock.clone(), &clock)?;           // from inside: `cx.register("clock")`
///
/// assert!(names.lookup::<Address<Clock>>("clock")? == clock);
/// let wrong = names.lookup::<Address<Clock>>("clok").unwrap_err();
/// assert_eq!(wrong.to_string(), "no `clok` is registered; did you mean `clock`?");
///
/// system.children().stop("clock-1").await?;
/// assert!(names.names().is_empty());                         // its names end with it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

/// A registry in which an actor has names: noted with the actor.
#[derive(Clone)]
pub(crate) struct WeakRegistry(Weak<Inner>);

impl WeakRegistry {
    pub(crate) fn upgrade(&self) -> Option<Registry> {
        self.0.upgrade().map(|inner| Registry { inner })
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

struct Inner {
    names: Mutex<Names>,
    /// Changes after each registration.
    registrations: watch::Sender<u64>,
}

#[derive(Default)]
struct Names {
    by_name: BTreeMap<Arc<str>, Registered>,
    /// Whose they are: for who gives all of its names up.
    by_id: BTreeMap<ActorId, Vec<Arc<str>>>,
}

#[derive(Clone)]
struct Registered {
    /// Whose it is.
    owner: Identity,
    /// Behind a reference of its own, so that a clone of a stranger's type is made without the lock.
    value: Arc<dyn Any + Send + Sync>,
    type_id: TypeId,
    type_name: &'static str,
}

impl Registry {
    /// A registry without names.
    #[must_use]
    pub fn new() -> Self {
        let (registrations, _) = watch::channel(0);
        Self { inner: Arc::new(Inner { names: Mutex::default(), registrations }) }
    }

    /// Gives a name to a value that stands for `owner`: only this actor can give the name to another value, and only with it the
    /// name is [given up](Self::unregister). A restart keeps the name; the end for good takes it back.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]: another actor has the name, or this one has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::registry::Registry;
    /// use vela::actor::{Recipient, Spawn};
    ///
    /// # vela::block_on(async {
    /// let (first, second) = (Spawn::new().name("first").start(Clock), Spawn::new().name("second").start(Clock));
    /// let names = Registry::new();
    /// names.register("clock", first.recipient::<u32>(), &first)?;       // all that others are to know of it
    /// let taken = names.register("clock", second.recipient::<u32>(), &second).unwrap_err();
    /// assert_eq!(taken.to_string(), "the name `clock` is taken by `first`: choose another one, or have that one give it up first");
    ///
    /// second.stop();
    /// second.terminated().await;
    /// let ended = names.register("second", second.clone(), &second).unwrap_err();
    /// assert!(ended.to_string().starts_with("`second` has ended, so that it can have no name `second`: register it while it is"));
    /// # Ok::<(), vela::actor::registry::RegisterError>(())
    /// # }).unwrap();
    /// ```
    pub fn register<T, A>(&self, name: impl Into<Arc<str>>, value: T, owner: &Address<A>) -> Result<(), RegisterError>
    where
        T: Clone + Send + Sync + 'static,
        A: Actor,
    {
        self.register_for(name.into(), value, &owner.cell().core)
    }

    pub(crate) fn register_for<T>(&self, name: Arc<str>, value: T, owner: &Core) -> Result<(), RegisterError>
    where
        T: Clone + Send + Sync + 'static,
    {
        // R1.
        owner.note_registry(&WeakRegistry(Arc::downgrade(&self.inner)));
        let (type_id, type_name) = (TypeId::of::<T>(), type_name::<T>());
        let new = Registered { owner: owner.who.clone(), value: Arc::new(value), type_id, type_name };
        // What is not kept is dropped after the guard.
        let unused = {
            let mut names = self.inner.names.lock();
            let Names { by_name, by_id } = &mut *names;
            match by_name.entry(Arc::clone(&name)) {
                Entry::Vacant(place) => {
                    by_id.entry(owner.who.id()).or_default().push(Arc::clone(place.key()));
                    place.insert(new);
                    Ok(None)
                }
                Entry::Occupied(mut own) if own.get().owner == owner.who => Ok(Some(own.insert(new))),
                Entry::Occupied(taken) => {
                    let (by, registered) = (taken.get().owner.shared_path(), taken.get().type_name);
                    Err((RegisterError::NameTaken { name: Arc::clone(&name), by, registered }, new))
                }
            }
        };
        match unused {
            Err((error, _new)) => return Err(error),
            Ok(before) => drop(before),
        }
        // R1.
        if owner.exit().is_some() {
            self.take_back(&name, &owner.who);
            return Err(RegisterError::Ended { name, actor: owner.who.shared_path() });
        }
        self.inner.registrations.modify(|n| *n += 1);
        Ok(())
    }

    /// What is registered under a name, if it is a `T`: for who has a use for `None`. [`lookup`](Self::lookup) says why there is
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{Address, registry::Registry, spawn};
    ///
    /// # vela::block_on(async {
    /// let (names, clock) = (Registry::new(), spawn(Clock));
    /// names.register("clock", clock.clone(), &clock)?;
    /// assert!(names.get::<Address<Clock>>("clock") == Some(clock));
    /// assert!(names.get::<Address<Clock>>("clok").is_none());
    /// # Ok::<(), vela::actor::registry::RegisterError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        let found = {
            let names = self.inner.names.lock();
            names.by_name.get(name).filter(|found| found.type_id == TypeId::of::<T>()).cloned()
        };
        found?.value.downcast_ref::<T>().cloned()
    }

    /// What is registered under a name.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: there is no such name, or it is that of a value of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{Recipient, registry::Registry, spawn};
    ///
    /// # vela::block_on(async {
    /// let (names, clock) = (Registry::new(), spawn(Clock));
    /// names.register("clock", clock.recipient::<u32>(), &clock)?;
    /// assert_eq!(names.lookup::<Recipient<u32>>("clock")?.id(), clock.id());
    /// let other = names.lookup::<String>("clock").unwrap_err().to_string();
    /// assert!(other.contains("and was looked up as a `alloc::string::String`: look it up as what it is"), "{other}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn lookup<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Result<T, LookupError> {
        let found = self.inner.names.lock().by_name.get(name).cloned();
        let Some(found) = found else {
            let similar = Similar { registry: Arc::downgrade(&self.inner), name: name.into() };
            return Err(LookupError::Unknown { name: name.into(), similar });
        };
        match found.value.downcast_ref::<T>() {
            Some(value) => Ok(value.clone()),
            None => {
                Err(LookupError::OtherType { name: name.into(), registered: found.type_name, wanted: type_name::<T>() })
            }
        }
    }

    /// Takes a name back, if it is `owner`'s: whether it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{registry::Registry, spawn};
    ///
    /// # vela::block_on(async {
    /// let (names, clock, other) = (Registry::new(), spawn(Clock), spawn(Clock));
    /// names.register("clock", clock.clone(), &clock)?;
    /// assert!(!names.unregister("clock", &other));
    /// assert!(names.unregister("clock", &clock));               // from inside: `cx.unregister("clock")`
    /// assert!(names.names().is_empty());
    /// # Ok::<(), vela::actor::registry::RegisterError>(())
    /// # }).unwrap();
    /// ```
    pub fn unregister<A: Actor>(&self, name: &str, owner: &Address<A>) -> bool {
        self.take_back(name, &owner.cell().core.who)
    }

    pub(crate) fn take_back(&self, name: &str, owner: &Identity) -> bool {
        let removed = {
            let mut names = self.inner.names.lock();
            let Names { by_name, by_id } = &mut *names;
            let own = by_name.get(name).is_some_and(|registered| registered.owner == *owner);
            if own && let Some(of_id) = by_id.get_mut(&owner.id()) {
                of_id.retain(|other| **other != *name);
                if of_id.is_empty() {
                    by_id.remove(&owner.id());
                }
            }
            if own { by_name.remove(name) } else { None }
        };
        removed.is_some()
    }

    /// Takes all names of `id` back.
    pub(crate) fn unregister_all(&self, id: ActorId) {
        let _removed: Vec<_> = {
            let mut names = self.inner.names.lock();
            let of_id = names.by_id.remove(&id).unwrap_or_default();
            of_id.iter().filter_map(|name| names.by_name.remove(name)).collect()
        };
    }

    /// Takes all names back. Values may hold what holds the registry.
    pub(crate) fn clear(&self) {
        let names = std::mem::take(&mut *self.inner.names.lock());
        drop(names);
    }

    /// All names, in the order of the alphabet.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        self.inner.names.lock().by_name.keys().cloned().collect()
    }

    /// Waits until a value of this type is registered under the name, and gives it. A value of another type is waited out.
    ///
    /// A value that is registered and unregistered again before this task runs is not seen. Where nobody registers it any more, as in
    /// a system that has ended, that is for ever: `timeout(secs(5), registry.wait_for(…))`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Clock;
    /// # impl Actor for Clock {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{Address, registry::Registry, spawn};
    ///
    /// # vela::block_on(async {
    /// let (names, clock) = (Registry::new(), spawn(Clock));
    /// let other = names.clone();
    /// let waits = vela::task::spawn(async move { other.wait_for::<Address<Clock>>("clock").await });
    /// names.register("clock", clock.clone(), &clock)?;
    /// assert!(waits.await? == clock);
    /// # Ok::<(), vela::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn wait_for<T: Clone + Send + Sync + 'static>(&self, name: &str) -> T {
        // Subscribed first: a registration falls before the look, or is news.
        let registrations = self.inner.registrations.subscribe();
        loop {
            if let Some(value) = self.get(name) {
                return value;
            }
            // This registry holds the sender: it is never closed.
            let _news = registrations.recv().await;
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            self.inner.names.lock().by_name.iter().map(|(name, found)| (Arc::clone(name), found.type_name)).collect();
        f.debug_map().entries(names).finish()
    }
}

#[cfg(test)]
mod tests;
