//! A node: what a signal looks at, a root or something derived from other signals.
//!
//! The README beside this file has the protocol and why it holds; I1 to I4 are its invariants.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::{ReentrantMutex, ReentrantMutexGuard};

use super::Signal;
use super::root::{self, Cut, Root};

/// A value of a node.
pub(super) struct Version<T> {
    pub(super) value: Arc<T>,
    /// Grows with each change of this node's value.
    pub(super) stamp: u64,
}

impl<T> Clone for Version<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), stamp: self.stamp }
    }
}

/// A node has seen a newer state of its roots than the cut: take another cut.
pub(super) struct Newer;

pub(super) trait Node<T>: Send + Sync {
    /// What it depends on, sorted.
    fn roots(&self) -> &[Arc<Root>];

    /// The value now, if it need not be computed.
    fn current(&self) -> Option<Version<T>>;

    /// The value in a cut, which has all of its roots.
    fn at(&self, cut: &Cut<'_>) -> Result<Version<T>, Newer>;
}

/// A root, as a node.
pub(super) struct Source<T> {
    root: [Arc<Root>; 1],
    value: PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    pub(super) fn new(root: Arc<Root>) -> Self {
        Self { root: [root], value: PhantomData }
    }

    fn version((version, held): (u64, root::Held)) -> Version<T>
    where
        T: Send + Sync + 'static,
    {
        match held.downcast() {
            Ok(value) => Version { value, stamp: version },
            Err(_) => unreachable!("a root keeps values of one type"),
        }
    }
}

impl<T: Send + Sync + 'static> Node<T> for Source<T> {
    fn roots(&self) -> &[Arc<Root>] {
        &self.root
    }

    fn current(&self) -> Option<Version<T>> {
        Some(Self::version(self.root[0].read()))
    }

    fn at(&self, cut: &Cut<'_>) -> Result<Version<T>, Newer> {
        let (version, held) = cut.of(&self.root[0]);
        Ok(Self::version((*version, Arc::clone(held))))
    }
}

/// The signals that a node is derived from.
pub(super) trait Inputs: Send + Sync + 'static {
    type Values;
    type Stamps: PartialEq + Send + Sync;

    fn add_roots(&self, roots: &mut Vec<Arc<Root>>);

    fn at(&self, cut: &Cut<'_>) -> Result<(Self::Values, Self::Stamps), Newer>;
}

impl<T: Send + Sync + 'static> Inputs for Signal<T> {
    type Values = Arc<T>;
    type Stamps = u64;

    fn add_roots(&self, roots: &mut Vec<Arc<Root>>) {
        roots.extend_from_slice(self.node.roots());
    }

    fn at(&self, cut: &Cut<'_>) -> Result<(Arc<T>, u64), Newer> {
        self.node.at(cut).map(|version| (version.value, version.stamp))
    }
}

/// A value that is made of others, and remembered.
///
/// `make` gets the values of the inputs and the last value made; `None`: nothing has changed.
pub(super) struct Derived<I: Inputs, T, F> {
    roots: Box<[Arc<Root>]>,
    inputs: I,
    make: F,
    /// Held while `make` runs, so that it runs once for each change: who comes meanwhile waits for its result. A thread
    /// that comes again has called itself.
    turn: ReentrantMutex<Memory<I::Stamps, T>>,
}

struct Memory<S, T> {
    busy: Cell<bool>,
    memo: RefCell<Option<Memo<S, T>>>,
}

/// What was made last, and of what.
struct Memo<S, T> {
    /// The versions of the roots in the cut that it was made in.
    roots: Box<[u64]>,
    inputs: S,
    version: Version<T>,
}

impl<I, T, F> Derived<I, T, F>
where
    I: Inputs,
    F: Fn(&I::Values, Option<&Arc<T>>) -> Option<Arc<T>> + Send + Sync,
{
    pub(super) fn new(inputs: I, make: F) -> Self {
        let mut roots = Vec::new();
        inputs.add_roots(&mut roots);
        root::sort(&mut roots);
        let memory = Memory { busy: Cell::new(false), memo: RefCell::new(None) };
        Self { roots: roots.into(), inputs, make, turn: ReentrantMutex::new(memory) }
    }

    fn take_turn(&self) -> Turn<'_, I::Stamps, T> {
        let memory = self.turn.lock();
        assert!(!memory.busy.replace(true), "vela: the function of a derived signal looks at that signal itself");
        Turn(memory)
    }
}

impl<I, T, F> Node<T> for Derived<I, T, F>
where
    I: Inputs,
    T: Send + Sync + 'static,
    F: Fn(&I::Values, Option<&Arc<T>>) -> Option<Arc<T>> + Send + Sync,
{
    fn roots(&self) -> &[Arc<Root>] {
        &self.roots
    }

    fn current(&self) -> Option<Version<T>> {
        let turn = self.take_turn();
        let memo = turn.0.memo.borrow();
        let memo = memo.as_ref()?;
        // One after the other, and yet as if at one instant: I4.
        let fresh = self.roots.iter().zip(&memo.roots).all(|(root, version)| root.version() == *version);
        fresh.then(|| memo.version.clone())
    }

    fn at(&self, cut: &Cut<'_>) -> Result<Version<T>, Newer> {
        // Users' values, which are dropped after the turn.
        let (values, retired);
        let turn = self.take_turn();
        let roots: Box<[u64]> = self.roots.iter().map(|root| cut.of(root).0).collect();
        let last = turn.0.memo.borrow().as_ref().map(|memo| (memo.roots.clone(), memo.version.clone()));
        if let Some((seen, version)) = &last {
            // Both are cuts through the same roots: one is wholly before the other (I2).
            if seen.iter().zip(&roots).any(|(seen, now)| seen > now) {
                return Err(Newer);
            }
            if *seen == roots {
                return Ok(version.clone());
            }
        }
        let (input_values, stamps) = self.inputs.at(cut)?;
        values = input_values;
        let unchanged = turn.0.memo.borrow().as_ref().is_some_and(|memo| memo.inputs == stamps);
        let made = match &last {
            Some(_) if unchanged => None,
            last => (self.make)(&values, last.as_ref().map(|(_, version)| &version.value)),
        };
        let version = match (made, last) {
            (Some(value), last) => Version { value, stamp: last.map_or(0, |(_, version)| version.stamp) + 1 },
            (None, Some((_, version))) => version,
            (None, None) => unreachable!("the first value is a change"),
        };
        retired = turn.0.memo.replace(Some(Memo { roots, inputs: stamps, version: version.clone() }));
        drop(turn);
        drop((values, retired));
        Ok(version)
    }
}

/// The right to compute.
struct Turn<'a, S, T>(ReentrantMutexGuard<'a, Memory<S, T>>);

impl<S, T> Drop for Turn<'_, S, T> {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}
