//! Structured tasks: a scope ends when everything that was started in it has ended.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::Task;
use super::nursery::{Host, Nursery, sealed};
use super::via::{ErrFails, NeverFails, Verdict};
use crate::error::{Error, Result};

/// Runs `body` with a scope in which it can start tasks, and returns once they have all ended.
///
/// - The first failure (a task that panics or, started as fallible, returns `Err`; or the body's own `Err`) cancels the body
///   and all the tasks, and comes out of the scope after they have ended. A task that was cancelled has not failed.
/// - A panic of the body goes on after the tasks have been cancelled and have ended.
/// - Tasks may start further tasks in the scope through a clone of the [`Scope`]. Scopes nest.
///
/// The body returns [`vela::Result`](crate::Result), or a plain value that is no error (see [`ScopeOutput`]). Tasks are
/// `'static`: they borrow nothing from outside.
///
/// # Errors
///
/// The first failure; the panic of a task as [`TaskError::Panicked`](super::TaskError::Panicked).
///
/// # Panics
///
/// If the body panics.
///
/// # Cancel safety
///
/// Dropping the future drops the body and cancels the tasks, so that a cancelled parent takes its children with it. It
/// cannot wait for them: a drop is not async. They are gone shortly after.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::scope;
///
/// # vela::block_on(async {
/// let sum = scope(async |s| {
///     let a = s.spawn(async { 40 });        // `go!(in(s) { 40 })`
///     let b = s.spawn(async { 2 });
///     Ok(a.await? + b.await?)
/// })
/// .await?;
/// assert_eq!(sum, 42);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
pub async fn scope<F, R>(body: F) -> Result<R::Value>
where
    F: AsyncFnOnce(&Scope) -> R,
    R: ScopeOutput,
{
    let scope = Scope { nursery: Nursery::new(usize::MAX) };
    let nursery = &scope.nursery;
    let _stop = StopOnDrop(nursery);
    let outcome = {
        let mut failed = pin!(nursery.failed());
        let mut body = pin!(body(&scope));
        poll_fn(|cx| {
            if failed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(None));
            }
            match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx))) {
                Ok(poll) => poll.map(|output| Ok(Some(output.into_result()))),
                Err(payload) => Poll::Ready(Err(payload)),
            }
        })
        .await
    };
    let value = match outcome {
        Ok(Some(Ok(value))) => Some(value),
        Ok(Some(Err(error))) => {
            nursery.fail(error);
            None
        }
        // A task has failed; the body is dropped.
        Ok(None) => None,
        Err(payload) => {
            nursery.stop();
            nursery.close().await;
            resume_unwind(payload)
        }
    };
    nursery.close().await;
    match (nursery.take_failure(), value) {
        (Some(error), _) => Err(error),
        (None, Some(value)) => Ok(value),
        // The body was stopped by `Scope::cancel` before it failed.
        (None, None) => Err(super::TaskError::Cancelled.into()),
    }
}

struct StopOnDrop<'a>(&'a Nursery);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Where the tasks of a [`scope`] are started: `go!(in(s) …)`. A clone is the same scope.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::{Scope, scope};
///
/// fn crawl(s: &Scope, depth: u32) {
///     if depth > 0 {
///         let inner = s.clone();
///         s.spawn(async move { crawl(&inner, depth - 1) });
///     }
/// }
/// # vela::block_on(async {
/// scope(async |s| crawl(s, 3)).await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Scope {
    nursery: Arc<Nursery>,
}

impl Scope {
    /// Starts a task whose output, whatever it is, is no failure.
    ///
    /// Once the scope has ended or failed, the future is dropped and the task reads as cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.nursery.start(future, NeverFails, None, Location::caller())
    }

    /// Starts a task that has failed if it returns `Err`: the error comes out of the scope.
    ///
    /// Once the scope has ended or failed, the future is dropped and the task reads as cancelled.
    #[track_caller]
    pub fn try_spawn<F, T, E>(&self, future: F) -> Task<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        ErrFails: Verdict<Result<T, E>, Value = T>,
        T: Send + 'static,
    {
        self.nursery.start(future, ErrFails, None, Location::caller())
    }

    /// Cancels all tasks of the scope, and takes no more. The body runs on.
    pub fn cancel(&self) {
        self.nursery.stop();
    }

    /// Whether it takes no more tasks: it has ended, failed, or was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.nursery.is_stopped()
    }

    /// How many tasks of the scope have not ended.
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.nursery.len()
    }
}

impl sealed::Sealed for Scope {}

impl Host for Scope {
    fn nursery(&self) -> &Arc<Nursery> {
        &self.nursery
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("tasks", &self.task_count()).finish_non_exhaustive()
    }
}

/// What the body of a [`scope`] may return: `vela::Result<T>`, or a plain value.
///
/// Only one kind of `Result` is among them, so that `Ok(())` and `?` need no annotation.
#[diagnostic::on_unimplemented(
    message = "the body of a scope cannot return `{Self}`",
    note = "return `vela::Result<T>`: write `Ok(value)`, and turn another error into it with `Ok(result?)`"
)]
pub trait ScopeOutput {
    /// What the scope gives.
    type Value;

    /// The value, or the body's failure.
    ///
    /// # Errors
    ///
    /// The failure.
    fn into_result(self) -> Result<Self::Value>;
}

impl<T> ScopeOutput for Result<T, Error> {
    type Value = T;

    fn into_result(self) -> Self {
        self
    }
}

/// The plain values.
macro_rules! plain {
    ($([$($generic:ident)?] $plain:ty),* $(,)?) => {$(
        impl $(<$generic>)? ScopeOutput for $plain {
            type Value = Self;

            fn into_result(self) -> Result<Self> {
                Ok(self)
            }
        }
    )*};
}

plain!(
    [] (), [] bool, [] char, [] String, [] &'static str,
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
    [] i8, [] i16, [] i32, [] i64, [] i128, [] isize, [] f32, [] f64,
    [T] Option<T>, [T] Vec<T>, [T] Box<T>, [T] Arc<T>,
);
