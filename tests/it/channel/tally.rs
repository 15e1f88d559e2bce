//! Values that are counted when they are dropped.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Knows which of its values are alive.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    alive: Arc<Mutex<HashSet<u64>>>,
}

impl Tally {
    /// A value with a number that no other living value has.
    pub(crate) fn value(&self, id: u64) -> Counted {
        assert!(self.alive.lock().unwrap().insert(id), "value {id} is made twice");
        Counted { id, tally: self.clone() }
    }

    /// How many values have not been dropped.
    pub(crate) fn alive(&self) -> usize {
        self.alive.lock().unwrap().len()
    }
}

/// A value of a [`Tally`].
pub(crate) struct Counted {
    pub(crate) id: u64,
    tally: Tally,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let was_alive = self.tally.alive.lock().unwrap().remove(&self.id);
        if !was_alive && !std::thread::panicking() {
            panic!("value {} is dropped twice", self.id);
        }
    }
}
