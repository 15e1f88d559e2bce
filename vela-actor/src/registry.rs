//! Names: what is registered under a name can be looked up where the name is known, by its type.
//!
//! A value is what stands for an actor, its address say, and is meant to outlive the actor's restarts. The registry keeps a value
//! until it is unregistered; whether that keeps the actor alive is the value's own affair (a weak address does not).
//!
//! No value is cloned or dropped, and no waiter woken, while the lock is held.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use vela_core::watch;

/// Names of values of any type. A clone is the same registry.
///
/// # Examples
///
/// ```
/// use vela_actor::registry::Registry;
///
/// let registry = Registry::new();
/// registry.register("clock", 7_u32, 1)?;
/// assert_eq!(registry.lookup::<u32>("clock"), Ok(7));
/// assert_eq!(registry.lookup::<u32>("clok").unwrap_err().to_string(), "no `clok` is registered; did you mean `clock`?");
/// # Ok::<(), vela_actor::registry::NameTaken>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
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
    by_id: BTreeMap<u64, Vec<Arc<str>>>,
}

#[derive(Clone)]
struct Registered {
    /// Whose it is.
    id: u64,
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

    /// Gives a name to a value. `id` says whose it is: only with it the name is given up, or given to another value.
    ///
    /// In the registry of a [`System`](crate::System), an actor that has ended for good gives up the names with its number.
    ///
    /// # Errors
    ///
    /// [`NameTaken`], if another one has the name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_actor::registry::Registry;
    /// let registry = Registry::new();
    /// registry.register("clock", 7_u32, 1)?;
    /// let taken = registry.register("clock", "another", 2).unwrap_err();
    /// assert_eq!(taken.to_string(), "the name `clock` is taken by a `u32`");
    /// # Ok::<(), vela_actor::registry::NameTaken>(())
    /// ```
    pub fn register<T>(&self, name: impl Into<Arc<str>>, value: T, id: u64) -> Result<(), NameTaken>
    where
        T: Clone + Send + Sync + 'static,
    {
        let name = name.into();
        let (type_id, type_name) = (TypeId::of::<T>(), type_name::<T>());
        let new = Registered { id, value: Arc::new(value), type_id, type_name };
        // What is not kept is dropped after the guard.
        let unused = {
            let mut names = self.inner.names.lock();
            let Names { by_name, by_id } = &mut *names;
            match by_name.entry(name) {
                Entry::Vacant(place) => {
                    by_id.entry(id).or_default().push(Arc::clone(place.key()));
                    place.insert(new);
                    Ok(None)
                }
                Entry::Occupied(mut own) if own.get().id == id => Ok(Some(own.insert(new))),
                Entry::Occupied(taken) => {
                    let (name, id, by) = (Arc::clone(taken.key()), taken.get().id, taken.get().type_name);
                    Err((NameTaken { name, id, by }, new))
                }
            }
        };
        match unused {
            Err((error, _new)) => Err(error),
            Ok(_before) => {
                self.inner.registrations.modify(|n| *n += 1);
                Ok(())
            }
        }
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
    /// # use vela_actor::registry::Registry;
    /// let registry = Registry::new();
    /// registry.register("clock", 7_u32, 1)?;
    /// let other = registry.lookup::<String>("clock").unwrap_err();
    /// assert_eq!(other.to_string(), "`clock` is registered as a `u32`, and was looked up as a `alloc::string::String`");
    /// # Ok::<(), vela_actor::registry::NameTaken>(())
    /// ```
    pub fn lookup<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Result<T, LookupError> {
        let found = self.inner.names.lock().by_name.get(name).cloned();
        let Some(found) = found else {
            return Err(LookupError::Unknown { name: name.into(), similar: similar(name, &self.names()) });
        };
        match found.value.downcast_ref::<T>() {
            Some(value) => Ok(value.clone()),
            None => {
                Err(LookupError::OtherType { name: name.into(), registered: found.type_name, wanted: type_name::<T>() })
            }
        }
    }

    /// Takes a name back, if it is `id`'s: whether it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_actor::registry::Registry;
    /// let registry = Registry::new();
    /// registry.register("clock", 7_u32, 1)?;
    /// assert!(!registry.unregister("clock", 2));
    /// assert!(registry.unregister("clock", 1));
    /// assert!(registry.names().is_empty());
    /// # Ok::<(), vela_actor::registry::NameTaken>(())
    /// ```
    pub fn unregister(&self, name: &str, id: u64) -> bool {
        let removed = {
            let mut names = self.inner.names.lock();
            let Names { by_name, by_id } = &mut *names;
            let own = by_name.get(name).is_some_and(|registered| registered.id == id);
            if own && let Some(of_id) = by_id.get_mut(&id) {
                of_id.retain(|other| **other != *name);
                if of_id.is_empty() {
                    by_id.remove(&id);
                }
            }
            if own { by_name.remove(name) } else { None }
        };
        removed.is_some()
    }

    /// Takes all names of `id` back.
    pub(crate) fn unregister_all(&self, id: u64) {
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
    /// # use vela_core as vela;
    /// # use vela_actor::registry::Registry;
    /// # vela::block_on(async {
    /// let registry = Registry::new();
    /// let other = registry.clone();
    /// let waits = vela::task::spawn(async move { other.wait_for::<u32>("clock").await });
    /// registry.register("clock", 7_u32, 1)?;
    /// assert_eq!(waits.await?, 7);
    /// # Ok::<(), vela::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn wait_for<T: Clone + Send + Sync + 'static>(&self, name: &str) -> T {
        // Subscribed first: a registration falls before the look, or is news.
        let registrations = self.inner.registrations.subscribe();
        loop {
            if let Some(value) = self.find(name) {
                return value;
            }
            // This registry holds the sender: it is never closed.
            let _news = registrations.recv().await;
        }
    }

    fn find<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        let found = {
            let names = self.inner.names.lock();
            names.by_name.get(name).filter(|found| found.type_id == TypeId::of::<T>()).cloned()
        };
        found?.value.downcast_ref::<T>().cloned()
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

/// A name that is another's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameTaken {
    /// The name.
    pub name: Arc<str>,
    /// Whose it is.
    pub id: u64,
    /// The type of what has it.
    pub by: &'static str,
}

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name `{}` is taken by a `{}`", self.name, self.by)
    }
}

impl Error for NameTaken {}

/// Nothing of that name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name.
    #[non_exhaustive]
    Unknown {
        /// The name that was looked up.
        name: Arc<str>,
        /// Names that are like it, the most similar first.
        similar: Vec<Arc<str>>,
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
                did_you_mean(similar, f)
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

    #[test]
    fn similar_names_are_named() {
        let registry = Registry::new();
        for name in ["orders", "orders.eu", "Order", "prices", "x"] {
            registry.register(name, (), 0).unwrap();
        }
        let text = |name: &str| registry.lookup::<()>(name).unwrap_err().to_string();
        assert_eq!(text("ordesr"), "no `ordesr` is registered; did you mean `Order` or `orders`?");
        assert_eq!(text("order"), "no `order` is registered; did you mean `Order` or `orders`?");
        assert_eq!(text("clients"), "no `clients` is registered");
        assert_eq!(text(&"o".repeat(10_000)).len(), 10_000 + "no `` is registered".len());
        registry.register("prides", (), 0).unwrap();
        registry.register("pricey", (), 0).unwrap();
        registry.register("pricer", (), 0).unwrap();
        assert_eq!(text("price"), "no `price` is registered; did you mean `pricer`, `prices` or `pricey`?");
    }

    #[test]
    fn a_name_is_given_up_only_by_whose_it_is() {
        let registry = Registry::new();
        registry.register("a", 1_u8, 7).unwrap();
        let taken = registry.clone().register("a", 2_u16, 8).unwrap_err();
        assert_eq!(taken, NameTaken { name: "a".into(), id: 7, by: "u8" });
        registry.register("a", 3_u16, 7).unwrap();
        assert_eq!(registry.lookup::<u16>("a"), Ok(3));
        registry.register("a", 1_u8, 7).unwrap();
        assert!(!registry.unregister("a", 8) && !registry.unregister("b", 7));
        assert_eq!(registry.lookup::<u8>("a"), Ok(1));
        assert!(registry.unregister("a", 7) && !registry.unregister("a", 7));
        registry.register("a", 2_u16, 8).unwrap();
        assert_eq!(registry.lookup::<u16>("a"), Ok(2));
        assert_eq!(format!("{registry:?}"), r#"{"a": "u16"}"#);
        registry.register("b", 1_u8, 8).unwrap();
        registry.register("c", 1_u8, 9).unwrap();
        registry.unregister_all(8);
        registry.unregister_all(8);
        assert_eq!(registry.names(), ["c".into()]);
        registry.register("a", 1_u8, 9).unwrap();
        registry.clear();
        assert!(registry.names().is_empty());
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
        registry.register("a", curious(), 1).unwrap();
        registry.register("a", curious(), 2).unwrap_err();
        drop(registry.lookup::<Curious>("a").unwrap());
        registry.lookup::<u8>("a").unwrap_err();
        registry.unregister("a", 1);
        assert_eq!(looked.load(Ordering::SeqCst), 301);
    }

    #[test]
    fn waiting_goes_on_until_the_name_and_the_type_are_there() {
        let faults = Faults::none().spurious();
        let passed = Simulation::new().faults(faults).check(async || {
            let registry = Registry::new();
            let other = registry.clone();
            let waits = vela_core::task::spawn(async move {
                let both = (other.wait_for::<u32>("a").await, other.wait_for::<u32>("b").await);
                (both, other.names().len())
            });
            registry.register("a", "no number", 1).unwrap();
            sleep(ms(1)).await;
            assert!(!waits.is_finished());
            registry.unregister("a", 1);
            registry.register("b", 2_u32, 1).unwrap();
            registry.register("a", 1_u32, 1).unwrap();
            assert_eq!(waits.await.unwrap(), ((1, 2), 2));
            assert!(timeout(ms(1), registry.wait_for::<u32>("c")).await.is_err());
        });
        passed.unwrap();
    }

    #[test]
    fn a_registration_between_two_polls_is_seen() {
        let registry = Registry::new();
        let mut waits = Box::pin(registry.wait_for::<u8>("a"));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(cx).is_pending());
        registry.register("b", 1_u8, 1).unwrap();
        assert!(waits.as_mut().poll(cx).is_pending());
        registry.register("a", 2_u8, 1).unwrap();
        assert_eq!(waits.as_mut().poll(cx), Poll::Ready(2));
    }
}
