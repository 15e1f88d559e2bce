//! A batch: changes of several signals at one instant.

use std::fmt;
use std::sync::Arc;

use super::root::{self, Cut, Held, Root};
use super::setter::{Setter, typed};

/// Changes of several signals that are seen all together or not at all.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::signal::{self, Batch};
///
/// let (from, a) = signal::new(100);
/// let (to, b) = signal::new(0);
/// let total = signal::combine((a, b)).map(|(a, b)| a + b);
/// Batch::new().modify(&from, |a| *a -= 30).modify(&to, |b| *b += 30).commit();
/// assert_eq!((from.get(), to.get(), total.get()), (70, 30, 100));
/// ```
#[must_use = "a batch changes nothing until it is committed"]
#[derive(Default)]
pub struct Batch<'a> {
    changes: Vec<(Arc<Root>, Change<'a>)>,
}

enum Change<'a> {
    To(Held),
    By(Box<dyn FnMut(Held) -> Held + Send + 'a>),
}

impl<'a> Batch<'a> {
    /// One without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this change. Of several changes of one signal, each follows on those before it.
    pub fn set<T: Send + Sync + 'static>(mut self, setter: &'a Setter<T>, value: T) -> Self {
        self.changes.push((Arc::clone(setter.root()), Change::To(Arc::new(value))));
        self
    }

    /// And this change of a copy of the value. `change` runs in [`commit`](Self::commit) and under no lock; it runs again, on a
    /// newer value, if somebody else has set the signal meanwhile.
    pub fn modify<T>(mut self, setter: &'a Setter<T>, mut change: impl FnMut(&mut T) + Send + 'a) -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        let by = move |held: Held| -> Held {
            let mut value = T::clone(&typed::<T>(held));
            change(&mut value);
            Arc::new(value)
        };
        self.changes.push((Arc::clone(setter.root()), Change::By(Box::new(by))));
        self
    }

    /// Makes the changes, all at one instant.
    ///
    /// # Panics
    ///
    /// If a `change` panics; then nothing was changed.
    pub fn commit(mut self) {
        let mut roots: Vec<_> = self.changes.iter().map(|(root, _)| Arc::clone(root)).collect();
        root::sort(&mut roots);
        loop {
            let before = Cut::take(&roots);
            let values = roots.iter().map(|root| changed(&mut self.changes, root, before.of(root))).collect();
            if let Ok(stored) = root::store_all(&roots, values) {
                // The values of before go after the news is out: their drops may panic.
                let old = stored.tell();
                drop((before, old));
                return;
            }
        }
    }
}

/// What becomes of a root; with the version that must not have changed meanwhile, if its value was made of the old one.
fn changed(
    changes: &mut [(Arc<Root>, Change<'_>)],
    root: &Arc<Root>,
    (version, held): &(u64, Held),
) -> (Held, Option<u64>) {
    let (mut value, mut after) = (Arc::clone(held), Some(*version));
    for (_, change) in changes.iter_mut().filter(|(other, _)| Arc::ptr_eq(other, root)) {
        value = match change {
            Change::To(value) => {
                after = None;
                Arc::clone(value)
            }
            Change::By(change) => change(value),
        };
    }
    (value, after)
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("changes", &self.changes.len()).finish_non_exhaustive()
    }
}
