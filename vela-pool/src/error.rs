//! Why a pool did not take work, or gave no result. Errors hand the work back and ask nothing of it.

use std::error::Error;
use std::fmt;

use vela_core::task::TaskError;

/// Why a pool did not take a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnErrorKind {
    /// The pool is shutting down, or has.
    Closed,
    /// There was no room, and the call, or the pool's policy, is not to wait for it.
    Full,
    /// There was no room for as long as the policy [`Timeout`](vela_core::Overflow::Timeout) allows.
    TimedOut,
}

impl fmt::Display for SpawnErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the pool is shut down",
            Self::Full => "the pool is full",
            Self::TimedOut => "the pool stayed full for too long",
        })
    }
}

/// A pool did not take a piece of work; here it is.
///
/// # Examples
///
/// ```
/// use vela_pool::{CpuPool, SpawnErrorKind};
///
/// # fn main() -> Result<(), vela_pool::BuildError> {
/// let pool = CpuPool::builder().threads(1).build()?;
/// pool.close();
/// let refused = pool.try_spawn(|| 1 + 1).unwrap_err();
/// assert_eq!(refused.kind(), SpawnErrorKind::Closed);
/// assert_eq!(refused.into_inner()(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpawnError<W> {
    kind: SpawnErrorKind,
    work: W,
}

impl<W> SpawnError<W> {
    pub(crate) fn new(kind: SpawnErrorKind, work: W) -> Self {
        Self { kind, work }
    }

    /// Why it was not taken.
    pub fn kind(&self) -> SpawnErrorKind {
        self.kind
    }

    /// The work that was not taken.
    pub fn into_inner(self) -> W {
        self.work
    }

    pub(crate) fn map<V>(self, map: impl FnOnce(W) -> V) -> SpawnError<V> {
        SpawnError { kind: self.kind, work: map(self.work) }
    }
}

impl<W> fmt::Debug for SpawnError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<W> fmt::Display for SpawnError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl<W> Error for SpawnError<W> {}

/// Why `run` gave no result.
///
/// # Examples
///
/// ```
/// use vela_pool::{CpuPool, JobError};
///
/// # vela_core::block_on(async {
/// let pool = CpuPool::builder().threads(1).build()?;
/// let error = pool.run(|| -> u32 { panic!("not a number") }).await.unwrap_err();
/// assert!(matches!(&error, JobError::Task(task) if task.is_panic()));
/// assert!(error.to_string().contains("not a number"));
/// # Ok::<(), vela_pool::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The pool did not take it.
    Refused(SpawnErrorKind),
    /// It was taken, and panicked, or was cancelled or dropped.
    Task(TaskError),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(kind) => kind.fmt(f),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            // What it says is said above.
            Self::Task(error) => error.source(),
        }
    }
}

impl<W> From<SpawnError<W>> for JobError {
    fn from(error: SpawnError<W>) -> Self {
        Self::Refused(error.kind)
    }
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

/// The threads of a pool could not be started.
///
/// # Examples
///
/// ```
/// let pool = vela_pool::CpuPool::builder().threads(2).build()?;
/// assert_eq!(pool.threads(), 2);
/// # Ok::<(), vela_pool::BuildError>(())
/// ```
#[derive(Debug)]
pub struct BuildError(Box<dyn Error + Send + Sync>);

impl BuildError {
    pub(crate) fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start the threads of the pool: {}", self.0)
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// What was left when a shutdown's time was up.
///
/// # Examples
///
/// ```
/// use vela_core::time::secs;
///
/// # vela_core::block_on(async {
/// let pool = vela_pool::CpuPool::builder().threads(1).build()?;
/// let task = pool.try_spawn(|| 7).unwrap();
/// let left = pool.shutdown(secs(5)).await;
/// assert!(left.is_nothing());
/// assert_eq!(task.await.unwrap(), 7);
/// # Ok::<(), vela_pool::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// How many pieces of work the shutdown has cancelled before they had begun.
    pub cancelled: usize,
    /// How many were still running.
    pub running: usize,
}

impl Leftover {
    /// Whether everything that was accepted was done.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
