//! A group of tasks that are waited for together: Go's `errgroup`.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::Task;
use super::nursery::{Host, Nursery, sealed};
use super::via::{ErrFails, NeverFails, Verdict};
use crate::error::Result;

/// Tasks that are joined together, at most so many at a time: Go's `errgroup.Group`.
///
/// The first failure cancels the others and comes out of [`join`](Self::join). Dropping the group cancels its tasks; the drop
/// cannot wait for them.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::Group;
///
/// # vela::block_on(async {
/// let group = Group::with_limit(2);
/// for n in 0..10_u32 {
///     group.try_spawn(async move {          // `go!(in(group) -> vela::Result<()> { … })`
///         u8::try_from(n)?;
///         Ok::<(), std::num::TryFromIntError>(())
///     });
/// }
/// group.join().await?;
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a group cancels its tasks"]
pub struct Group {
    nursery: Arc<Nursery>,
}

impl Group {
    /// A group without a limit.
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// A group of which at most `limit` tasks (0 is taken as 1) run at a time. Further ones wait in the order in
    /// which they were started; starting never waits.
    pub fn with_limit(limit: usize) -> Self {
        Self { nursery: Nursery::new(limit) }
    }

    /// Starts a task whose output, whatever it is, is no failure.
    ///
    /// Once the group has failed or was cancelled, the future is dropped and the task reads as cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.nursery.start(future, NeverFails, None, Location::caller())
    }

    /// Starts a task that has failed if it returns `Err`: the error comes out of [`join`](Self::join).
    ///
    /// Once the group has failed or was cancelled, the future is dropped and the task reads as cancelled.
    #[track_caller]
    pub fn try_spawn<F, T, E>(&self, future: F) -> Task<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        ErrFails: Verdict<Result<T, E>, Value = T>,
        T: Send + 'static,
    {
        self.nursery.start(future, ErrFails, None, Location::caller())
    }

    /// Waits until all tasks have ended, those that are started meanwhile included.
    ///
    /// The group can be used again after a success. A failure is given once, and the group takes no tasks after it.
    ///
    /// # Errors
    ///
    /// The first failure: a task's error, or [`TaskError::Panicked`](super::TaskError::Panicked).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the tasks run on until the group is dropped.
    pub async fn join(&self) -> Result<()> {
        self.nursery.empty().await;
        self.nursery.take_failure().map_or(Ok(()), Err)
    }

    /// Cancels all tasks, and takes no more.
    pub fn cancel(&self) {
        self.nursery.stop();
    }

    /// Whether it takes no more tasks: it has failed or was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.nursery.is_stopped()
    }

    /// How many tasks have not ended, those that wait for their turn included.
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.nursery.len()
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.nursery.stop();
    }
}

impl sealed::Sealed for Group {}

impl Host for Group {
    fn nursery(&self) -> &Arc<Nursery> {
        &self.nursery
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("tasks", &self.task_count()).finish_non_exhaustive()
    }
}
