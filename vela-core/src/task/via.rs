//! What `go!` needs to tell apart by type: fallible bodies from others, futures from plain values.
//!
//! Both are decided by method lookup: of two methods of one name, the one that needs fewer automatic references wins, if
//! its bounds hold.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;

use crate::error::{Error, Result};

/// What errors, texts, `vela::Error` and `anyhow::Error` alike turn into.
type Boxed = Box<dyn std::error::Error + Send + Sync>;

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

/// `Err` is a failure, of a type that says nothing about itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpaqueErrFails;

impl<T: Send + 'static, E: Into<Boxed>> Verdict<Result<T, E>> for ErrFails {
    type Value = T;

    fn judge(self, output: Result<T, E>) -> Result<T> {
        output.map_err(|error| Error::from_boxed(error.into()))
    }
}

impl<T: Send + 'static, E> Verdict<Result<T, E>> for OpaqueErrFails {
    type Value = T;

    fn judge(self, output: Result<T, E>) -> Result<T> {
        output.map_err(|_| Error::msg(format!("a task returned an error, a `{}`", std::any::type_name::<E>())))
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

/// Found first, with `&self` on `Outcome`: the future gives a `Result` whose error is one, or a text. Found next, with
/// `&self` on `&Outcome`: any other `Result`.
pub trait ViaResult {
    /// The verdict for such futures.
    type Verdict;

    /// The verdict.
    fn __vela_outcome(&self) -> Self::Verdict;
}

/// Found last, with `&mut self` on `&Outcome`.
pub trait ViaAny {
    /// The verdict for all others.
    fn __vela_outcome(&mut self) -> NeverFails;
}

impl<F, T, E> ViaResult for Outcome<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<Boxed>,
{
    type Verdict = ErrFails;

    fn __vela_outcome(&self) -> ErrFails {
        ErrFails
    }
}

impl<F, T, E> ViaResult for &Outcome<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Verdict = OpaqueErrFails;

    fn __vela_outcome(&self) -> OpaqueErrFails {
        OpaqueErrFails
    }
}

impl<F> ViaAny for &Outcome<F> {
    fn __vela_outcome(&mut self) -> NeverFails {
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
