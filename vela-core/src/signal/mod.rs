//! A signal: a current value that changes, and values derived from it.
//!
//! [`new`] makes a [`Setter`] and a [`Signal`], as `watch` makes a sender and a receiver and as the signals of Solid and
//! Leptos come in two: who may read need not be able to write, and a subscription can end, because it is known when the
//! last setter is gone. A [`watch`](crate::watch) is one value and its receivers; a signal is for values that are made of
//! other values: [`map`](Signal::map), [`combine()`] and [`distinct`](Signal::distinct) give signals that are read-only.
//!
//! - **Lazy.** Nothing is computed when a value is set. A derived value is computed when somebody looks, at most once for
//!   each change of what it is made of, and remembered. Changes that nobody looks at are never computed.
//! - **No glitches.** Whoever looks sees all of what a signal is made of as it was at one instant. With `a = 2`, a signal
//!   made of `a + 1` and `a * 10` is `(3, 20)`; it is never `(3, 10)`, whoever sets at the same time on other threads. A
//!   [`Batch`] changes several roots at one instant: all of it is seen, or nothing.
//! - **No locks around your code.** Values are given out as `Arc`s. The function of `map` may look at other signals and may set
//!   some; only a look at the very signal it computes is refused. While it runs, others who look at that signal wait (the
//!   thread does), so it must be quick, and must not wait for what they may hold. If it panics, the panic goes to who
//!   looked, nothing is remembered, and the next one who looks has it run again.
//! - **No leaks.** A derived signal keeps what it is made of. Nothing of it is in its roots, so it is gone when it is dropped; a
//!   [`Subscription`] is entered in its roots and taken out when it is dropped.
//!
//! There is no `filter`: a signal always has a value, and what is computed only when somebody looks cannot know about the
//! values between. Map to an `Option`, or use [`wait_for`](Signal::wait_for).
//!
//! How it works is in `vela-core/src/signal/README.md`.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! use vela::signal::{self, Batch};
//!
//! # vela::block_on(async {
//! let (width, w) = signal::new(2);
//! let (height, h) = signal::new(3);
//! let area = signal::combine((w, h)).map(|(w, h)| w * h);
//! let changes = area.changes();
//!
//! assert_eq!(area.get(), 6);
//! width.set(5);
//! assert_eq!(changes.recv().await, Some(15));     // `<-changes` inside `vela!`
//! Batch::new().set(&width, 10).set(&height, 10).commit();
//! assert_eq!(changes.recv().await, Some(100));    // never 50 or 30
//! # });
//! ```

mod batch;
mod combine;
mod node;
mod root;
mod setter;
mod subscription;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

pub use batch::Batch;
pub use combine::{Combine, combine};
pub use setter::{Set, SetError, Setter};
pub use subscription::{Recv, Subscription, TryRecvError};

use crate::rt;
use crate::sync::look;
use node::{Derived, Node, Source, Version};
use root::{Cut, Root};

/// A value that starts as `initial`, with one end to set it and one to look at it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (setter, signal) = vela::signal::new("starting");
/// setter.set("ready");
/// assert_eq!(signal.get(), "ready");
/// ```
#[must_use]
pub fn new<T: Send + Sync + 'static>(initial: T) -> (Setter<T>, Signal<T>) {
    let root = Root::new(Arc::new(initial), 1);
    (Setter::new(Arc::clone(&root)), Signal::of(Source::new(root)))
}

/// A signal that never changes, to be combined with others. Its subscriptions end after the one value.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::signal;
///
/// let (setter, price) = signal::new(100);
/// let total = signal::combine((price, signal::constant(7))).map(|(price, tax)| price + tax);
/// setter.set(200);
/// assert_eq!(total.get(), 207);
/// ```
#[must_use]
pub fn constant<T: Send + Sync + 'static>(value: T) -> Signal<T> {
    Signal::of(Source::new(Root::new(Arc::new(value), 0)))
}

/// A value to look at, which changes; clones look at the same one.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (setter, celsius) = vela::signal::new(20);
/// let fahrenheit = celsius.map(|c| c * 9 / 5 + 32);
/// setter.set(100);
/// assert_eq!(fahrenheit.get(), 212);
/// ```
pub struct Signal<T> {
    node: Arc<dyn Node<T>>,
}

impl<T: Send + Sync + 'static> Signal<T> {
    fn of(node: impl Node<T> + 'static) -> Self {
        Self { node: Arc::new(node) }
    }

    /// The value now, computed if that has to be.
    fn look(&self) -> Version<T> {
        if let Some(version) = self.node.current() {
            return version;
        }
        loop {
            // Each further round is one that somebody has set something in.
            if let Ok(version) = self.node.at(&Cut::take(self.node.roots())) {
                return version;
            }
        }
    }

    /// A copy of the value now.
    ///
    /// # Panics
    ///
    /// If a function that the value is derived with panics, or looks at the signal it computes.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        T::clone(&self.look().value)
    }

    /// The value now. It stays what it is while the signal changes.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[must_use]
    pub fn read(&self) -> Arc<T> {
        self.look().value
    }

    /// What `look` makes of the value now. No lock is held meanwhile.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.look().value)
    }

    /// The signal of `f(value)`. See the [module](self) for when `f` runs and what it may do.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// let (setter, names) = vela::signal::new(vec!["ann"]);
    /// let count = names.map(Vec::len);
    /// setter.modify(|names| names.push("bob"));
    /// assert_eq!(count.get(), 2);
    /// ```
    pub fn map<U, F>(&self, f: F) -> Signal<U>
    where
        U: Send + Sync + 'static,
        F: Fn(&T) -> U + Send + Sync + 'static,
    {
        Signal::of(Derived::new(self.clone(), move |value: &Arc<T>, _: Option<&Arc<U>>| Some(Arc::new(f(value)))))
    }

    /// The signal that changes only when the value differs from the last one somebody looked at: what is derived from it is
    /// not computed again, and its subscribers hear nothing, when an equal value is set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// let (setter, load) = vela::signal::new(10);
    /// let alarm = load.map(|load| *load > 90).distinct();
    /// let changes = alarm.changes();
    /// setter.set(20);
    /// assert!(changes.try_recv().is_err());
    /// setter.set(95);
    /// assert_eq!(changes.try_recv(), Ok(true));
    /// ```
    #[must_use]
    pub fn distinct(&self) -> Self
    where
        T: PartialEq,
    {
        self.distinct_by(T::eq)
    }

    /// As [`distinct`](Self::distinct), where `same(last, new)` says whether nothing has changed. Then the last value stays.
    #[must_use]
    pub fn distinct_by(&self, same: impl Fn(&T, &T) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Derived::new(self.clone(), move |value: &Arc<T>, last: Option<&Arc<T>>| match last {
            Some(last) if same(last, value) => None,
            _ => Some(Arc::clone(value)),
        }))
    }

    /// A source of the value now and of each newest value after it. Values between may be missed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// # vela::block_on(async {
    /// let (setter, signal) = vela::signal::new(1);
    /// let values = signal.subscribe();
    /// assert_eq!(values.recv().await, Some(1));
    /// setter.set(2);
    /// setter.set(3);
    /// drop(setter);
    /// assert_eq!(values.recv().await, Some(3));
    /// assert_eq!(values.recv().await, None);
    /// # });
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T> {
        Subscription::new(self.clone(), None)
    }

    /// As [`subscribe`](Self::subscribe), without the value now, which is computed for that if it has to be.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[must_use]
    pub fn changes(&self) -> Subscription<T> {
        Subscription::new(self.clone(), Some(self.look().stamp))
    }

    /// Waits until the value, as it is now or after a change, satisfies `condition`, and gives a copy; `None` if the last
    /// setter goes first.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// # vela::block_on(async {
    /// let (setter, free) = vela::signal::new(0);
    /// vela::task::spawn(async move {
    ///     for n in 1..=5 {
    ///         setter.set(n);
    ///     }
    /// });
    /// assert_eq!(free.wait_for(|n| *n >= 5).await, Some(5));
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_for<F>(&self, mut condition: F) -> impl Future<Output = Option<T>> + use<T, F>
    where
        T: Clone,
        F: FnMut(&T) -> bool,
    {
        let values = self.subscribe();
        rt::operation("signal wait_for", async move {
            loop {
                let value = look::next(&subscription::Whole(&values)).await?;
                if condition(&value) {
                    return Some(T::clone(&value));
                }
            }
        })
    }
}

impl<T> Signal<T> {
    /// Whether all setters that could change the value are gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.node.roots().iter().all(|root| root.setters() == 0)
    }

    /// Whether both are the same signal: clones of one, not signals derived alike.
    #[must_use]
    pub fn same_signal(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self { node: Arc::clone(&self.node) }
    }
}

impl<T> fmt::Debug for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
