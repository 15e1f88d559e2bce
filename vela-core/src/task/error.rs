//! Why a task gave no value.

use std::any::Any;
use std::fmt;
use std::panic::Location;

use parking_lot::Mutex;

use crate::context::ambient::Name;
use crate::rt;

/// Why joining a task gave no value.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::TaskError;
///
/// # vela::block_on(async {
/// let task = vela::task::spawn(std::future::pending::<()>());
/// task.cancel();
/// assert!(matches!(task.join().await, Err(TaskError::Cancelled)));
/// assert!(matches!(task.join().await, Err(TaskError::AlreadyJoined)));
/// # });
/// ```
#[non_exhaustive]
pub enum TaskError {
    /// It panicked.
    Panicked(Panic),
    /// It was cancelled: by [`Task::cancel`](super::Task::cancel), by its scope or group, or because its runtime has stopped.
    Cancelled,
    /// It returned an error to its scope or group, which hands that out; here is its text.
    Failed(String),
    /// Its outcome was given to somebody else before.
    AlreadyJoined,
}

/// The panic of a task. It was counted and reported where it happened, also if somebody joins the task: nobody knew then whether
/// anybody would.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let task = vela::task::spawn(async { panic!("no more disk") });
/// let panic = task.await.unwrap_err().into_panic()?;
/// assert_eq!(panic.message(), "no more disk");
/// # Ok::<(), vela::task::TaskError>(())
/// # }).unwrap();
/// ```
pub struct Panic {
    // Boxed, so that a task's result is not made larger by the rarest of its outcomes.
    inner: Box<Inner>,
}

struct Inner {
    message: String,
    name: Option<Name>,
    site: &'static Location<'static>,
    /// Under a lock only because a payload need not be `Sync`. `None` in the copy that a scope hands out.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Panic {
    pub(super) fn new(
        message: String,
        payload: Option<Box<dyn Any + Send>>,
        name: Option<Name>,
        site: &'static Location<'static>,
    ) -> Self {
        Self { inner: Box::new(Inner { message, name, site, payload: Mutex::new(payload) }) }
    }

    /// The message, if the payload is text; otherwise a word that it is not.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The name of the task, if it had one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name.as_ref().map(Name::as_str)
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.inner.site
    }

    /// What the task panicked with, for `std::panic::resume_unwind`. A scope or group hands out the message only: then
    /// this is the message.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        let Inner { message, payload, .. } = *self.inner;
        payload.into_inner().unwrap_or_else(|| Box::new(message))
    }
}

impl TaskError {
    pub(super) fn from_join(error: rt::JoinError, name: Option<&Name>, site: &'static Location<'static>) -> Self {
        match error.into_panic() {
            Some(payload) => {
                let message = super::panic::message(&*payload);
                Self::Panicked(Panic::new(message, Some(payload), name.cloned(), site))
            }
            None => Self::Cancelled,
        }
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// The panic, if that is what happened.
    ///
    /// # Errors
    ///
    /// Gives any other error back.
    pub fn into_panic(self) -> Result<Panic, Self> {
        match self {
            Self::Panicked(panic) => Ok(panic),
            other => Err(other),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task")?;
        if let Some(name) = self.name() {
            write!(f, " \"{name}\"")?;
        }
        write!(f, " spawned at {} panicked: {}", self.inner.site, self.inner.message)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message())
            .field("name", &self.name())
            .field("spawned_at", &format_args!("{}", self.inner.site))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Failed(message) => write!(f, "the task failed: {message}"),
            Self::AlreadyJoined => f.write_str("the task was joined before"),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => f.debug_tuple("Panicked").field(panic).finish(),
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Failed(message) => f.debug_tuple("Failed").field(message).finish(),
            Self::AlreadyJoined => f.write_str("AlreadyJoined"),
        }
    }
}

impl std::error::Error for TaskError {}
