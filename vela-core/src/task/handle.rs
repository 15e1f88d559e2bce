//! The handle of a task: joining, cancelling, looking.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{TaskError, TaskId};
use crate::context::ambient::Name;
use crate::ops::Receive;
use crate::rt::{AbortHandle, JoinHandle};
use crate::select::Polled;
use crate::sync::shared::{Place, Shared};

/// A task that was started. Dropping the handle detaches the task: it runs on.
///
/// Joining (`<-task`, `task.await`, `(&task).await`, [`join`](Self::join)) gives `Result<T, TaskError>`, once. Joining
/// through a reference borrows: what loses in a `select!` detaches nothing.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let task = vela::task::spawn(async { "done" });
/// assert!(task.spawned_at().file().ends_with(".rs"));
/// assert_eq!(task.join().await?, "done");
/// # Ok::<(), vela::task::TaskError>(())
/// # }).unwrap();
/// ```
pub struct Task<T> {
    join: Shared<Joiner<T>>,
    id: Option<TaskId>,
    name: Option<Name>,
    site: &'static Location<'static>,
}

enum Joiner<T> {
    Running(JoinHandle<Verdict<T>>),
    /// It was never started: its scope had ended.
    Refused,
    Joined,
}

/// What a task of Vela's leaves: its value, or, in a scope, the text of the error that the scope was given.
pub(super) type Verdict<T> = Result<T, Box<str>>;

impl<T> Task<T> {
    pub(super) fn new(handle: JoinHandle<Verdict<T>>, name: Option<Name>, site: &'static Location<'static>) -> Self {
        let id = Some(TaskId(handle.id()));
        Self { join: Shared::new(Joiner::Running(handle)), id, name, site }
    }

    pub(super) fn refused(name: Option<Name>, site: &'static Location<'static>) -> Self {
        Self { join: Shared::new(Joiner::Refused), id: None, name, site }
    }

    pub(super) fn abort_handle(&self) -> Option<AbortHandle> {
        self.join.with(|join| match join {
            Joiner::Running(handle) => Some(handle.abort_handle()),
            Joiner::Refused | Joiner::Joined => None,
        })
    }

    /// Drops the task at its next `.await`, or before it starts. Returns at once; join the task to know when it
    /// is gone. A task that has ended already is not changed; a blocking one runs to its end.
    pub fn cancel(&self) {
        self.join.with(|join| {
            if let Joiner::Running(handle) = join {
                handle.abort();
            }
        });
    }

    /// The name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// The task's number; `None` if it was never started because its scope had ended.
    #[must_use]
    pub fn id(&self) -> Option<TaskId> {
        self.id
    }

    /// Where it was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.site
    }

    /// Whether it has ended: then joining does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.join.with(|join| match join {
            Joiner::Running(handle) => handle.is_finished(),
            Joiner::Refused | Joiner::Joined => true,
        })
    }

    /// Waits for the task to end and gives its outcome.
    ///
    /// Several tasks may wait for one: one of them gets the outcome.
    ///
    /// # Errors
    ///
    /// [`TaskError`]: panicked, cancelled, failed in its scope, or joined before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the task runs on, and its outcome waits for the next join.
    pub fn join(&self) -> Join<'_, T> {
        Join { task: self, place: Place::default() }
    }

    /// Waits for the task on a thread that drives no tasks.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn join_blocking(&self) -> Result<T, TaskError> {
        crate::rt::assert_may_block("Task::join_blocking");
        crate::rt::park_on(self.join())
    }
}

impl<T> Joiner<T> {
    /// Also gives the used-up handle, to be dropped outside the lock.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        name: Option<&Name>,
        site: &'static Location<'static>,
    ) -> Poll<(Result<T, TaskError>, Self)> {
        let result = match self {
            Self::Running(handle) => match ready!(Pin::new(handle).poll(cx)) {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(failure)) => Err(TaskError::Failed(failure.into())),
                Err(error) => Err(TaskError::from_join(error, name, site)),
            },
            Self::Refused => Err(TaskError::Cancelled),
            Self::Joined => Err(TaskError::AlreadyJoined),
        };
        Poll::Ready((result, mem::replace(self, Self::Joined)))
    }
}

/// Joins the task.
///
/// # Cancel safety
///
/// By value, dropping the future drops the handle: the task runs on, detached. To keep it, await a reference.
impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.join.get_mut().poll(cx, this.name.as_ref(), this.site).map(|(result, _handle)| result)
    }
}

impl<'a, T> IntoFuture for &'a Task<T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = Join<'a, T>;

    fn into_future(self) -> Join<'a, T> {
        self.join()
    }
}

impl<'a, T> Receive for &'a Task<T> {
    type Output = Result<T, TaskError>;
    type Case = Polled<Join<'a, T>>;

    fn receive(self) -> Self::Case {
        Polled::new(self.join())
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("spawned_at", &format_args!("{}", self.site))
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// The future of [`Task::join`].
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
#[must_use = "futures do nothing unless awaited"]
pub struct Join<'a, T> {
    task: &'a Task<T>,
    place: Place,
}

impl<T> Future for Join<'_, T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let task = this.task;
        // Tokio's handle charges the budget itself.
        let (result, handle) =
            ready!(task.join.poll(&mut this.place, cx, |join, cx| join.poll(cx, task.name.as_ref(), task.site)));
        drop(handle);
        Poll::Ready(result)
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        self.task.join.leave(&mut self.place);
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("task", self.task).finish()
    }
}
