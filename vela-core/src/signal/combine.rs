//! Combining: one signal made of several.

use std::sync::Arc;

use super::Signal;
use super::node::{Derived, Inputs, Newer};
use super::root::{Cut, Root};

/// The signal of the values of several: of a tuple of two to six signals, or of a `Vec` or an array of signals of one type.
///
/// The values are seen as they were at one instant. They are copied: put large ones into an `Arc`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::signal;
///
/// let (_, name) = signal::new("ann");
/// let (age, years) = signal::new(41);
/// let line = signal::combine((name, years)).map(|(name, years)| format!("{name}, {years}"));
/// age.set(42);
/// assert_eq!(line.get(), "ann, 42");
///
/// let parts: Vec<_> = (1..=3).map(signal::constant).collect();
/// assert_eq!(signal::combine(parts).get(), [1, 2, 3]);
/// ```
pub fn combine<C: Combine>(signals: C) -> Signal<C::Output> {
    signals.combined()
}

/// What [`combine`](fn@combine) takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be combined",
    label = "not signals",
    note = "`combine` takes a tuple of two to six `Signal`s, or a `Vec` or an array of `Signal<T>`; the values must be `Clone`"
)]
pub trait Combine: sealed::Sealed {
    /// The values together.
    type Output: Send + Sync + 'static;

    #[doc(hidden)]
    fn combined(self) -> Signal<Self::Output>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! tuples {
    ($(($($T:ident $n:tt),+) $count:literal)+) => {$(
        impl<$($T: Send + Sync + 'static),+> Inputs for ($(Signal<$T>,)+) {
            type Values = ($(Arc<$T>,)+);
            type Stamps = [u64; $count];

            fn add_roots(&self, roots: &mut Vec<Arc<Root>>) {
                $(self.$n.add_roots(roots);)+
            }

            fn at(&self, cut: &Cut<'_>) -> Result<(Self::Values, Self::Stamps), Newer> {
                let seen = ($(self.$n.at(cut)?,)+);
                let stamps = [$(seen.$n.1),+];
                Ok((($(seen.$n.0,)+), stamps))
            }
        }

        impl<$($T),+> sealed::Sealed for ($(Signal<$T>,)+) {}

        impl<$($T: Clone + Send + Sync + 'static),+> Combine for ($(Signal<$T>,)+) {
            type Output = ($($T,)+);

            fn combined(self) -> Signal<Self::Output> {
                Signal::of(Derived::new(self, |values: &($(Arc<$T>,)+), _: Option<&Arc<Self::Output>>| {
                    Some(Arc::new(($($T::clone(&values.$n),)+)))
                }))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1) 2
    (A 0, B 1, C 2) 3
    (A 0, B 1, C 2, D 3) 4
    (A 0, B 1, C 2, D 3, E 4) 5
    (A 0, B 1, C 2, D 3, E 4, G 5) 6
}

impl<T: Send + Sync + 'static> Inputs for Vec<Signal<T>> {
    type Values = Vec<Arc<T>>;
    type Stamps = Vec<u64>;

    fn add_roots(&self, roots: &mut Vec<Arc<Root>>) {
        for signal in self {
            signal.add_roots(roots);
        }
    }

    fn at(&self, cut: &Cut<'_>) -> Result<(Self::Values, Self::Stamps), Newer> {
        let mut seen = (Vec::with_capacity(self.len()), Vec::with_capacity(self.len()));
        for signal in self {
            let (value, stamp) = signal.at(cut)?;
            seen.0.push(value);
            seen.1.push(stamp);
        }
        Ok(seen)
    }
}

impl<T> sealed::Sealed for Vec<Signal<T>> {}

impl<T: Clone + Send + Sync + 'static> Combine for Vec<Signal<T>> {
    type Output = Vec<T>;

    fn combined(self) -> Signal<Vec<T>> {
        Signal::of(Derived::new(self, |values: &Vec<Arc<T>>, _: Option<&Arc<Vec<T>>>| {
            Some(Arc::new(values.iter().map(|value| T::clone(value)).collect()))
        }))
    }
}

impl<T, const N: usize> sealed::Sealed for [Signal<T>; N] {}

impl<T: Clone + Send + Sync + 'static, const N: usize> Combine for [Signal<T>; N] {
    type Output = Vec<T>;

    fn combined(self) -> Signal<Vec<T>> {
        Vec::from(self).combined()
    }
}
