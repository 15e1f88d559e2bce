//! The end of a signal that changes the value.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Signal;
use super::node::Source;
use super::root::{Held, Root};
use crate::ops::Transmit;
use crate::rt;
use crate::select::Polled;

/// The end that changes the value; the signal is closed when the last of its clones is gone.
///
/// Each call is one change, also if the new value equals the old one ([`Signal::distinct`] hides those). Subscribers are woken,
/// nothing is computed.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (setter, signal) = vela::signal::new(1);
/// setter.set(2);
/// assert_eq!(*setter.replace(3), 2);
/// setter.modify(|n| *n += 1);
/// assert!(!setter.modify_if(|n| *n > 100));
/// assert_eq!(signal.get(), 4);
/// ```
pub struct Setter<T> {
    root: Arc<Root>,
    value: PhantomData<fn(T) -> T>,
}

impl<T> Setter<T> {
    /// One of the setters that the root has counted.
    pub(super) fn new(root: Arc<Root>) -> Self {
        Self { root, value: PhantomData }
    }

    pub(super) fn root(&self) -> &Arc<Root> {
        &self.root
    }

    /// How many subscriptions there are to this signal and to all that are derived from it.
    #[must_use]
    pub fn subscription_count(&self) -> usize {
        self.root.bells()
    }

    /// How many setters there are.
    #[must_use]
    pub fn setter_count(&self) -> usize {
        self.root.setters()
    }

    /// Whether both set the same signal.
    #[must_use]
    pub fn same_signal(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}

impl<T: Send + Sync + 'static> Setter<T> {
    /// Changes the value.
    pub fn set(&self, value: T) {
        self.root.store(Arc::new(value)).tell();
    }

    /// Changes the value, and gives the old one.
    pub fn replace(&self, value: T) -> Arc<T> {
        let Some(old) = self.root.store(Arc::new(value)).tell().pop() else { unreachable!("one was replaced") };
        typed(old)
    }

    /// Changes a copy of the value, which then takes its place.
    ///
    /// `change` runs under no lock, and may look at signals and set others. It runs again, on a newer value, if somebody else has
    /// set this one meanwhile; so no change is lost.
    pub fn modify(&self, mut change: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.modify_if(|value| {
            change(value);
            true
        });
    }

    /// As [`modify`](Self::modify), if `change` returns true; if not, nothing is changed and nobody woken. Gives back what it
    /// returned.
    pub fn modify_if(&self, mut change: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        loop {
            let (version, held) = self.root.read();
            let mut value = T::clone(&typed::<T>(held));
            if !change(&mut value) {
                return false;
            }
            if let Ok(stored) = self.root.store_after(version, Arc::new(value)) {
                stored.tell();
                return true;
            }
        }
    }

    /// The signal that this sets.
    #[must_use]
    pub fn signal(&self) -> Signal<T> {
        Signal::of(Source::new(Arc::clone(&self.root)))
    }

    /// A copy of the value now.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        T::clone(&self.read())
    }

    /// The value now. It stays what it is while the signal changes.
    #[must_use]
    pub fn read(&self) -> Arc<T> {
        typed(self.root.read().1)
    }

    /// What `look` makes of the value now. No lock is held meanwhile.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.read())
    }
}

/// A value of a root whose setter says that it is a `T`.
pub(super) fn typed<T: Send + Sync + 'static>(held: Held) -> Arc<T> {
    match held.downcast() {
        Ok(value) => value,
        Err(_) => unreachable!("a root keeps values of one type"),
    }
}

impl<T> Clone for Setter<T> {
    fn clone(&self) -> Self {
        self.root.add_setter();
        Self::new(Arc::clone(&self.root))
    }
}

impl<T> Drop for Setter<T> {
    fn drop(&mut self) {
        self.root.remove_setter();
    }
}

impl<T> fmt::Debug for Setter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setter").field("subscriptions", &self.subscription_count()).finish_non_exhaustive()
    }
}

/// Ready at once: setting never waits, and never fails.
impl<'a, T: Send + Sync + 'static> Transmit<T> for &'a Setter<T> {
    type Output = Result<(), SetError>;
    type Case = Polled<Set<'a, T>>;

    fn transmit(self, value: T) -> Self::Case {
        Polled::new(Set { setter: self, value: Some(value) })
    }
}

/// The sending arm of a `select!`: it sets the value when it is polled.
///
/// # Cancel safety
///
/// Dropped before that, it drops the value, which was not set.
#[must_use = "futures do nothing unless awaited"]
pub struct Set<'a, T> {
    setter: &'a Setter<T>,
    value: Option<T>,
}

// The value is never pinned.
impl<T> Unpin for Set<'_, T> {}

impl<T: Send + Sync + 'static> Future for Set<'_, T> {
    type Output = Result<(), SetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(rt::poll_budget(cx));
        let Some(value) = self.value.take() else { return Poll::Pending };
        budget.charge();
        self.setter.set(value);
        Poll::Ready(Ok(()))
    }
}

impl<T> fmt::Debug for Set<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("signal::Set").finish_non_exhaustive()
    }
}

/// The error of `setter <- value`: there is none, setting always works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetError(Infallible);

impl fmt::Display for SetError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl std::error::Error for SetError {}
