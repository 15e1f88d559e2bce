//! What `go!` needs to tell apart by type: fallible bodies from others, futures from plain values.
//!
//! Both are decided by method lookup: of two methods of one name, the one that needs fewer automatic references wins, if
//! its bounds hold.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;

use crate::error::{Error, Result};

/// Decides whether what a task in a scope returned is a value or a failure.
pub trait Verdict<Output>: Send + 'static {
    /// What joining the task gives.
    type Value: Send + 'static;

    /// Splits the output into the value for who joins and the error for the scope.
    ///
    /// # Errors
    ///
    /// The failure, which cancels the scope and comes out of it.
    fn judge(self, output: Output) -> Result<Self::Value>;
}

/// `Err` is a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrFails;

/// Every output is a value.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverFails;

impl<T: Send + 'static, E: Into<Error>> Verdict<Result<T, E>> for ErrFails {
    type Value = T;

    fn judge(self, output: Result<T, E>) -> Result<T> {
        output.map_err(Into::into)
    }
}

impl<T: Send + 'static> Verdict<T> for NeverFails {
    type Value = T;

    fn judge(self, output: T) -> Result<T> {
        Ok(output)
    }
}

/// The type of a future, without the future.
pub struct Outcome<F>(PhantomData<fn() -> F>);

impl<F> Outcome<F> {
    /// That of `_future`.
    #[must_use]
    pub fn of(_future: &F) -> Self {
        Self(PhantomData)
    }
}

impl<F> fmt::Debug for Outcome<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outcome")
    }
}

/// Found first: the future gives a `Result` whose error can come out of a scope.
pub trait ViaResult {
    /// The verdict for such futures.
    fn __vela_outcome(&self) -> ErrFails;
}

/// Found otherwise.
pub trait ViaAny {
    /// The verdict for all others.
    fn __vela_outcome(&self) -> NeverFails;
}

impl<F, T, E> ViaResult for Outcome<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<Error>,
{
    fn __vela_outcome(&self) -> ErrFails {
        ErrFails
    }
}

impl<F> ViaAny for &Outcome<F> {
    fn __vela_outcome(&self) -> NeverFails {
        NeverFails
    }
}

/// What the call in `go!(f(a, b))` returned.
pub struct CallResult<T>(Option<T>);

/// See [`CallResult`].
pub fn call_result<T>(value: T) -> CallResult<T> {
    CallResult(Some(value))
}

impl<T> fmt::Debug for CallResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallResult")
    }
}

/// Found first: an async function was called.
pub trait ViaFuture {
    /// The future that was returned.
    type Future: Future;

    /// The future itself.
    fn __vela_resolve(self) -> Self::Future;
}

/// Found otherwise: a plain function was called.
pub trait ViaValue {
    /// What was returned.
    type Value;

    /// A future that is ready with the value.
    fn __vela_resolve(self) -> Ready<Self::Value>;
}

impl<F: Future> ViaFuture for CallResult<F> {
    type Future = F;

    fn __vela_resolve(self) -> F {
        taken(self.0)
    }
}

impl<T> ViaValue for &mut CallResult<T> {
    type Value = T;

    fn __vela_resolve(self) -> Ready<T> {
        ready(taken(self.0.take()))
    }
}

fn taken<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("a call is resolved once"),
    }
}

/// Gives an async block its output type: `if false { return never::<T>(); }`.
///
/// # Panics
///
/// Always: it stands where nothing comes.
#[must_use]
pub fn never<T>() -> T {
    unreachable!("only the type is wanted")
}
