//! The handle of a task: joining, cancelling, looking.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{TaskError, TaskId};
use crate::context::ambient::Name;
use crate::ops::Receive;
use crate::rt::seam::Subject;
use crate::rt::{self, AbortHandle, Id, JoinError, JoinHandle, Site};
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

/// `None` once joined, and for a task that was never started.
struct Joiner<T>(Option<JoinHandle<Verdict<T>>>);

/// What a task of Vela's leaves: its value, or, in a scope, the text of the error that the scope was given.
pub(super) type Verdict<T> = Result<T, Box<str>>;

impl<T> Task<T> {
    pub(super) fn new(handle: JoinHandle<Verdict<T>>, name: Option<Name>, site: &'static Location<'static>) -> Self {
        let id = Some(TaskId(handle.id()));
        Self { join: Shared::new(Joiner(Some(handle))), id, name, site }
    }

    /// A task that its scope did not start: it has no number, and always reads as cancelled.
    pub(super) fn refused(name: Option<Name>, site: &'static Location<'static>) -> Self {
        Self { join: Shared::new(Joiner(None)), id: None, name, site }
    }

    /// What a wait for it is about.
    #[doc(hidden)]
    pub fn subject(&self) -> Subject {
        match self.id {
            Some(TaskId(Id::Simulated(id))) => Subject::Task(id),
            _ => Subject::Other,
        }
    }

    /// What cancels it, for those who do not have the handle.
    #[doc(hidden)]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.abort_handle())
    }

    /// `spared`: no fault of a simulation is to end it.
    pub(super) fn spared(self, spared: bool) -> Self {
        if spared {
            self.join.with(|join| join.0.as_ref().map(JoinHandle::spare));
        }
        self
    }

    pub(super) fn abort_handle(&self) -> Option<AbortHandle> {
        self.join.with(|join| join.0.as_ref().map(JoinHandle::abort_handle))
    }

    /// Drops the task at its next `.await`, or before it starts. Returns at once; join the task to know when it
    /// is gone. A task that has ended already is not changed; a blocking one, and a job of a pool, runs to its end once it has
    /// begun.
    pub fn cancel(&self) {
        let elsewhere = self.join.with(|join| join.0.as_ref().and_then(JoinHandle::abort));
        if let Some(work) = elsewhere {
            work.abort();
        }
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
        self.join.with(|join| join.0.as_ref().is_none_or(JoinHandle::is_finished))
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
    #[track_caller]
    pub fn join(&self) -> Join<'_, T> {
        Join { task: self, site: Site::here(), place: Place::default() }
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

/// Cancels a task.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Canceller(Option<AbortHandle>);

impl Canceller {
    /// As [`Task::cancel`].
    pub fn cancel(&self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}

impl<T> Joiner<T> {
    /// What the executor says, and the used-up handle, to be dropped outside the lock. `None`: there is no handle.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Joined<T>>> {
        let Some(handle) = &mut self.0 else { return Poll::Ready(None) };
        let result = ready!(Pin::new(handle).poll(cx));
        Poll::Ready(Some((result, self.0.take())))
    }
}

type Joined<T> = (Result<Verdict<T>, JoinError>, Option<JoinHandle<Verdict<T>>>);

impl<T> Task<T> {
    fn outcome(&self, joined: Option<Joined<T>>) -> Result<T, TaskError> {
        match joined {
            Some((Ok(Ok(value)), _)) => Ok(value),
            Some((Ok(Err(failure)), _)) => Err(TaskError::Failed(failure.into())),
            Some((Err(error), _)) => Err(TaskError::from_join(error, self.name.as_ref(), self.site)),
            None if self.id.is_none() => Err(TaskError::Cancelled),
            None => Err(TaskError::AlreadyJoined),
        }
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
        ready!(rt::poll_has_budget(cx));
        let joined = this.join.get_mut().poll(cx);
        // The line of the `.await` is not known here: that of the spawn stands in.
        Site::of(this.site).polled(joined.is_ready(), "join", || this.subject());
        joined.map(|joined| this.outcome(joined))
    }
}

impl<'a, T> IntoFuture for &'a Task<T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = Join<'a, T>;

    #[track_caller]
    fn into_future(self) -> Join<'a, T> {
        self.join()
    }
}

impl<'a, T> Receive for &'a Task<T> {
    type Output = Result<T, TaskError>;
    type Case = Polled<Join<'a, T>>;

    #[track_caller]
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
    site: Site,
    place: Place,
}

impl<T> Future for Join<'_, T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let task = this.task;
        // Tokio's handle charges the budget itself.
        ready!(rt::poll_has_budget(cx));
        let joined = task.join.poll(&mut this.place, cx, Joiner::poll);
        this.site.polled(joined.is_ready(), "join", || task.subject());
        joined.map(|joined| task.outcome(joined))
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
