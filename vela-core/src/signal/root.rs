//! A root: the value that one pair of setter and signal is made for, with its version and those who listen; and cuts
//! through many of them.
//!
//! Lock order: roots are locked in the order of their numbers, and nothing else is locked meanwhile. No user code runs
//! under these locks: values come in, go out and are dropped as `Arc`s outside.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// A value, whatever its type. The setter and the signal of a root know which it is.
pub(super) type Held = Arc<dyn Any + Send + Sync>;

/// A number that nobody else has: of a root, of a subscription.
pub(super) fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // Relaxed: only that it is unique matters.
    LAST.fetch_add(1, Ordering::Relaxed)
}

pub(super) struct Root {
    number: u64,
    state: Mutex<State>,
}

struct State {
    /// One more with each change.
    version: u64,
    value: Held,
    setters: usize,
    /// Of the subscriptions to this root, and to what is derived from it.
    bells: BTreeMap<u64, Arc<Notify>>,
}

impl State {
    /// Changes the value; gives the old one.
    fn store(&mut self, value: Held) -> Held {
        self.version += 1;
        std::mem::replace(&mut self.value, value)
    }

    fn rings(&self) -> impl Iterator<Item = Arc<Notify>> {
        self.bells.values().cloned()
    }
}

/// What is left to do once a change is stored and the locks are gone: telling of it. Then the old values may go.
#[must_use]
pub(super) struct Stored {
    old: Vec<Held>,
    rings: Vec<Arc<Notify>>,
}

impl Stored {
    /// Wakes who waits, and gives the old values.
    pub(super) fn tell(self) -> Vec<Held> {
        ring(self.rings);
        self.old
    }
}

fn ring(bells: Vec<Arc<Notify>>) {
    for bell in bells {
        bell.notify_waiters();
    }
}

impl Root {
    /// With `setters` setters.
    pub(super) fn new(value: Held, setters: usize) -> Arc<Self> {
        let state = State { version: 0, value, setters, bells: BTreeMap::new() };
        Arc::new(Self { number: number(), state: Mutex::new(state) })
    }

    pub(super) fn version(&self) -> u64 {
        self.state.lock().version
    }

    /// Version and value.
    pub(super) fn read(&self) -> (u64, Held) {
        let state = self.state.lock();
        (state.version, Arc::clone(&state.value))
    }

    pub(super) fn store(&self, value: Held) -> Stored {
        let mut state = self.state.lock();
        let old = state.store(value);
        Stored { old: vec![old], rings: state.rings().collect() }
    }

    /// Only if the version is still this one; gives the value back otherwise.
    pub(super) fn store_after(&self, version: u64, value: Held) -> Result<Stored, Held> {
        let mut state = self.state.lock();
        if state.version != version {
            return Err(value);
        }
        let old = state.store(value);
        Ok(Stored { old: vec![old], rings: state.rings().collect() })
    }

    pub(super) fn add_setter(&self) {
        self.state.lock().setters += 1;
    }

    /// A setter is gone. If it was the last, those who listen are told.
    pub(super) fn remove_setter(&self) {
        let rings = {
            let mut state = self.state.lock();
            state.setters -= 1;
            if state.setters > 0 {
                return;
            }
            state.rings().collect()
        };
        ring(rings);
    }

    pub(super) fn setters(&self) -> usize {
        self.state.lock().setters
    }

    pub(super) fn add_bell(&self, number: u64, bell: &Arc<Notify>) {
        self.state.lock().bells.insert(number, Arc::clone(bell));
    }

    pub(super) fn remove_bell(&self, number: u64) {
        let removed = self.state.lock().bells.remove(&number);
        drop(removed);
    }

    pub(super) fn bells(&self) -> usize {
        self.state.lock().bells.len()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Brings roots into the order of locking, each once.
pub(super) fn sort(roots: &mut Vec<Arc<Root>>) {
    roots.sort_unstable_by_key(|root| root.number);
    roots.dedup_by_key(|root| root.number);
}

/// Locks sorted roots, all at once.
fn lock(roots: &[Arc<Root>]) -> Vec<MutexGuard<'_, State>> {
    roots.iter().map(|root| root.state.lock()).collect()
}

/// What some roots held at one instant.
pub(super) struct Cut<'a> {
    roots: &'a [Arc<Root>],
    held: Vec<(u64, Held)>,
}

impl<'a> Cut<'a> {
    /// Of sorted roots, now.
    pub(super) fn take(roots: &'a [Arc<Root>]) -> Self {
        let states = lock(roots);
        let held = states.iter().map(|state| (state.version, Arc::clone(&state.value))).collect();
        Self { roots, held }
    }

    /// Version and value of one of its roots.
    pub(super) fn of(&self, root: &Root) -> &(u64, Held) {
        match self.roots.binary_search_by_key(&root.number, |root| root.number) {
            Ok(at) => &self.held[at],
            Err(_) => unreachable!("a cut holds the roots of all that is looked at through it"),
        }
    }
}

/// Changes sorted roots at one instant, each to its new value, provided that the version of each is still the given one
/// where one is given; gives the values back otherwise.
pub(super) fn store_all(
    roots: &[Arc<Root>],
    values: Vec<(Held, Option<u64>)>,
) -> Result<Stored, Vec<(Held, Option<u64>)>> {
    let mut states = lock(roots);
    let stale = |(state, (_, expected)): (&MutexGuard<'_, State>, &(Held, Option<u64>))| {
        expected.is_some_and(|expected| expected != state.version)
    };
    if states.iter().zip(&values).any(stale) {
        return Err(values);
    }
    let old = states.iter_mut().zip(values).map(|(state, (value, _))| state.store(value)).collect();
    let rings = states.iter().flat_map(|state| state.rings()).collect();
    Ok(Stored { old, rings })
}
