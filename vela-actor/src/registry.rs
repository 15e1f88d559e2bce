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

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vela_core::watch;

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::{ActorId, Core, Identity};

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
    /// assert_eq!(ended.to_string(), "`second` has ended, so that it can have no name `second`");
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
    /// assert!(other.ends_with("and was looked up as a `alloc::string::String`"), "{other}");
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

/// Up to three names that are like this one, the most similar first.
pub(crate) fn similar(given: &str, known: &[Arc<str>]) -> Vec<Arc<str>> {
    // Longer than any that is meant: the comparison takes time by the product of the lengths.
    const LONGEST: usize = 256;
    if given.len() > LONGEST {
        return Vec::new();
    }
    let given = given.to_lowercase();
    let near = known.iter().filter(|known| known.len() <= LONGEST).filter_map(|known| {
        let lower = known.to_lowercase();
        let distance = strsim::damerau_levenshtein(&given, &lower);
        (distance <= (lower.chars().count() / 3).max(1)).then_some((distance, known))
    });
    let mut near: Vec<_> = near.collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| Arc::clone(name)).collect()
}

/// `; did you mean …?`, if there is something like it.
pub(crate) fn did_you_mean(similar: &[Arc<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut before = "; did you mean";
    for (left, like) in similar.iter().enumerate().map(|(i, like)| (similar.len() - i - 1, like)) {
        write!(f, "{before} `{like}`")?;
        before = if left == 1 { " or" } else { "," };
    }
    f.write_str(if similar.is_empty() { "" } else { "?" })
}

/// Why a name was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another actor has it.
    #[non_exhaustive]
    NameTaken {
        /// The name.
        name: Arc<str>,
        /// The path of the actor that has it.
        by: Arc<str>,
        /// The type of what is registered.
        registered: &'static str,
    },
    /// The actor has ended for good.
    #[non_exhaustive]
    Ended {
        /// The name.
        name: Arc<str>,
        /// The path of the actor.
        actor: Arc<str>,
    },
    /// The actor belongs to no system, so there is no registry to [register](crate::ActorContext::register) in.
    #[non_exhaustive]
    NoSystem {
        /// The name.
        name: Arc<str>,
        /// The path of the actor.
        actor: Arc<str>,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken { name, by, .. } => {
                write!(f, "the name `{name}` is taken by `{by}`: choose another one, or have that one give it up first")
            }
            Self::Ended { name, actor } => write!(f, "`{actor}` has ended, so that it can have no name `{name}`"),
            Self::NoSystem { name, actor } => write!(
                f,
                "`{actor}` belongs to no system whose registry could keep the name `{name}`: start it by `system.spawn`, or \
                 below an actor of a system"
            ),
        }
    }
}

impl Error for RegisterError {}

/// The names that are like one that was not found. They are looked for by who wants to see them: that takes time with each name there
/// is, and many a program just makes what it does not find.
#[derive(Clone)]
pub struct Similar {
    registry: Weak<Inner>,
    name: Arc<str>,
}

impl Similar {
    /// Up to three of those that there are now, the most similar first.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let Some(inner) = self.registry.upgrade() else { return Vec::new() };
        let mut known = Registry { inner }.names();
        // It may have come meanwhile.
        known.retain(|name| *name != self.name);
        similar(&self.name, &known)
    }
}

/// Of the same name in the same registry.
impl PartialEq for Similar {
    fn eq(&self, other: &Self) -> bool {
        self.registry.ptr_eq(&other.registry) && self.name == other.name
    }
}

impl Eq for Similar {}

impl fmt::Debug for Similar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Nothing of that name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name.
    #[non_exhaustive]
    Unknown {
        /// The name that was looked up.
        name: Arc<str>,
        /// Names that are like it.
        similar: Similar,
    },
    /// There is one, of a value of another type.
    #[non_exhaustive]
    OtherType {
        /// The name.
        name: Arc<str>,
        /// The type of what is registered.
        registered: &'static str,
        /// The type that was asked for.
        wanted: &'static str,
    },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, similar } => {
                write!(f, "no `{name}` is registered")?;
                did_you_mean(&similar.names(), f)
            }
            Self::OtherType { name, registered, wanted } => {
                write!(f, "`{name}` is registered as a `{registered}`, and was looked up as a `{wanted}`")
            }
        }
    }
}

impl Error for LookupError {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};

    use vela::sim::{Faults, Simulation};
    use vela_core::time::{ms, sleep, timeout};

    use super::*;
    use crate::cell::{AnyCell, Cell, MailboxSpec};
    use crate::context::ActorContext;
    use crate::exit::Exit;

    /// Who has names; it never runs.
    struct Owner;

    impl Actor for Owner {
        type Message = ();
        type Error = std::convert::Infallible;

        async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
            Ok(())
        }
    }

    fn owner(path: &str) -> Address<Owner> {
        let who = Identity::new(path.into());
        let mailbox = MailboxSpec::default().open(&who).unwrap();
        Address::new(Cell::new(who, mailbox, None, None, None))
    }

    #[test]
    fn similar_names_are_named() {
        let (registry, o) = (Registry::new(), owner("o"));
        for name in ["orders", "orders.eu", "Order", "prices", "x"] {
            registry.register(name, (), &o).unwrap();
        }
        let text = |name: &str| registry.lookup::<()>(name).unwrap_err().to_string();
        assert_eq!(text("ordesr"), "no `ordesr` is registered; did you mean `Order` or `orders`?");
        assert_eq!(text("order"), "no `order` is registered; did you mean `Order` or `orders`?");
        assert_eq!(text("clients"), "no `clients` is registered");
        assert_eq!(text(&"o".repeat(10_000)).len(), 10_000 + "no `` is registered".len());
        registry.register("prides", (), &o).unwrap();
        registry.register("pricey", (), &o).unwrap();
        registry.register("pricer", (), &o).unwrap();
        assert_eq!(text("price"), "no `price` is registered; did you mean `pricer`, `prices` or `pricey`?");
    }

    #[test]
    fn similar_names_are_looked_for_when_the_error_is_shown() {
        let (registry, o) = (Registry::new(), owner("o"));
        let error = registry.lookup::<()>("clock").unwrap_err();
        for name in ["clok", "clock"] {
            registry.register(name, (), &o).unwrap();
        }
        assert_eq!(error.to_string(), "no `clock` is registered; did you mean `clok`?");
        assert!(registry.get::<()>("clok").is_some() && registry.get::<u8>("clok").is_none());
        drop((registry, o));
        assert_eq!(error.to_string(), "no `clock` is registered");
    }

    #[test]
    fn a_name_is_given_up_only_by_whose_it_is() {
        let registry = Registry::new();
        let [seven, eight, nine] = ["seven", "eight", "nine"].map(owner);
        registry.register("a", 1_u8, &seven).unwrap();
        let taken = registry.clone().register("a", 2_u16, &eight).unwrap_err();
        assert_eq!(taken, RegisterError::NameTaken { name: "a".into(), by: "seven".into(), registered: "u8" });
        registry.register("a", 3_u16, &seven).unwrap();
        assert_eq!(registry.lookup::<u16>("a"), Ok(3));
        registry.register("a", 1_u8, &seven).unwrap();
        assert!(!registry.unregister("a", &eight) && !registry.unregister("b", &seven));
        assert_eq!(registry.lookup::<u8>("a"), Ok(1));
        assert!(registry.unregister("a", &seven) && !registry.unregister("a", &seven));
        registry.register("a", 2_u16, &eight).unwrap();
        assert_eq!(registry.lookup::<u16>("a"), Ok(2));
        assert_eq!(format!("{registry:?}"), r#"{"a": "u16"}"#);
        registry.register("b", 1_u8, &eight).unwrap();
        registry.register("c", 1_u8, &nine).unwrap();
        registry.unregister_all(eight.id());
        registry.unregister_all(eight.id());
        assert_eq!(registry.names(), ["c".into()]);
        registry.register("a", 1_u8, &nine).unwrap();
        registry.clear();
        assert!(registry.names().is_empty());
    }

    #[test]
    fn the_names_of_one_that_has_ended_are_given_up_in_all_registries_and_it_gets_no_more() {
        let (first, second, o) = (Registry::new(), Registry::new(), owner("o"));
        for name in ["a", "b"] {
            first.register(name, (), &o).unwrap();
            second.register(name, (), &o).unwrap();
        }
        o.cell().terminate(Exit::Normal);
        assert!(first.names().is_empty() && second.names().is_empty());
        let ended = first.register("a", (), &o).unwrap_err();
        assert_eq!(ended, RegisterError::Ended { name: "a".into(), actor: "o".into() });
        assert!(first.names().is_empty());
    }

    /// R1, on threads: whichever comes first, no name is left.
    #[test]
    fn a_name_that_is_registered_at_the_moment_of_the_end_does_not_stay() {
        for round in 0..500 {
            let (registry, o) = (Registry::new(), owner("o"));
            let barrier = std::sync::Barrier::new(2);
            let refused = std::thread::scope(|scope| {
                let registers = scope.spawn(|| {
                    barrier.wait();
                    registry.register("a", (), &o).is_err()
                });
                barrier.wait();
                o.cell().terminate(Exit::Normal);
                registers.join().unwrap()
            });
            assert!(registry.names().is_empty(), "round {round}, refused: {refused}");
        }
    }

    /// Uses the registry when it is cloned and dropped.
    struct Curious(Registry, Arc<AtomicUsize>);

    impl Clone for Curious {
        fn clone(&self) -> Self {
            self.1.fetch_add(self.0.names().len(), Ordering::SeqCst);
            Self(self.0.clone(), Arc::clone(&self.1))
        }
    }

    impl Drop for Curious {
        fn drop(&mut self) {
            self.1.fetch_add(100 * self.0.names().len().max(1), Ordering::SeqCst);
        }
    }

    #[test]
    fn values_are_cloned_and_dropped_under_no_lock() {
        let registry = Registry::new();
        let looked = Arc::new(AtomicUsize::new(0));
        let curious = || Curious(registry.clone(), Arc::clone(&looked));
        let (one, two) = (owner("one"), owner("two"));
        registry.register("a", curious(), &one).unwrap();
        registry.register("a", curious(), &two).unwrap_err();
        drop(registry.lookup::<Curious>("a").unwrap());
        registry.lookup::<u8>("a").unwrap_err();
        registry.unregister("a", &one);
        assert_eq!(looked.load(Ordering::SeqCst), 301);
    }

    #[test]
    fn waiting_goes_on_until_the_name_and_the_type_are_there() {
        let faults = Faults::none().spurious();
        let passed = Simulation::new().faults(faults).check(async || {
            let (registry, o) = (Registry::new(), owner("o"));
            let other = registry.clone();
            let waits = vela_core::task::spawn(async move {
                let both = (other.wait_for::<u32>("a").await, other.wait_for::<u32>("b").await);
                (both, other.names().len())
            });
            registry.register("a", "no number", &o).unwrap();
            sleep(ms(1)).await;
            assert!(!waits.is_finished());
            registry.unregister("a", &o);
            registry.register("b", 2_u32, &o).unwrap();
            registry.register("a", 1_u32, &o).unwrap();
            assert_eq!(waits.await.unwrap(), ((1, 2), 2));
            assert!(timeout(ms(1), registry.wait_for::<u32>("c")).await.is_err());
        });
        passed.unwrap();
    }

    #[test]
    fn a_registration_between_two_polls_is_seen() {
        let (registry, o) = (Registry::new(), owner("o"));
        let mut waits = Box::pin(registry.wait_for::<u8>("a"));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(cx).is_pending());
        registry.register("b", 1_u8, &o).unwrap();
        assert!(waits.as_mut().poll(cx).is_pending());
        registry.register("a", 2_u8, &o).unwrap();
        assert_eq!(waits.as_mut().poll(cx), Poll::Ready(2));
    }
}
