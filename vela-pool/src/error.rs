//! Why a pool did not take work, or gave no result. Errors hand the work back and ask nothing of it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
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

/// Which pool did not take a piece of work, and why. As text: with what can be done about it.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, SpawnErrorKind};
///
/// # fn main() -> Result<(), vela::pool::BuildError> {
/// let pool = CpuPool::builder().threads(1).name("thumbnails").build()?;
/// pool.close();
/// let refused = pool.try_spawn(|| 7).unwrap_err();
/// assert_eq!(refused.refusal().kind(), SpawnErrorKind::Closed);
/// assert_eq!(refused.refusal().pool_name(), Some("thumbnails"));
/// assert_eq!(refused.to_string(), "the pool `thumbnails` is shut down: it takes no more work");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    kind: SpawnErrorKind,
    pool: Option<Arc<str>>,
    bound: usize,
    limit: Limit,
}

/// What a pool is full of, and what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Jobs in the queue of a pool that callers of `spawn` wait for.
    Queue,
    /// Jobs in the queue of a pool that they do not wait for.
    QueueWithoutWaiting,
    /// Futures that run.
    Running,
}

impl Refusal {
    pub(crate) fn new(kind: SpawnErrorKind, pool: Option<&Arc<str>>, bound: usize, limit: Limit) -> Self {
        Self { kind, pool: pool.cloned(), bound, limit }
    }

    /// Why it was not taken.
    #[must_use]
    pub fn kind(&self) -> SpawnErrorKind {
        self.kind
    }

    /// The pool's name; `None` if it was given none.
    #[must_use]
    pub fn pool_name(&self) -> Option<&str> {
        self.pool.as_deref()
    }
}

impl Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pool {
            Some(name) => write!(f, "the pool `{name}`")?,
            None => f.write_str("the pool")?,
        }
        f.write_str(match self.kind {
            SpawnErrorKind::Closed => return f.write_str(" is shut down: it takes no more work"),
            SpawnErrorKind::Full => " is full",
            SpawnErrorKind::TimedOut => " stayed full for as long as its policy waits",
        })?;
        let bound = self.bound;
        match self.limit {
            Limit::Queue => {
                write!(
                    f,
                    " (its queue holds {bound}): `spawn` waits for a place, and a longer `queue` has more of them"
                )
            }
            Limit::QueueWithoutWaiting => {
                write!(
                    f,
                    " (its queue holds {bound}): a longer `queue` has more places, and with another `overflow` callers wait"
                )
            }
            Limit::Running => {
                write!(f, " ({bound} at a time): `spawn` waits for a place, and a higher `limit` has more of them")
            }
        }
    }
}

/// A pool did not take a piece of work; here it is.
///
/// `?` makes it an error of the caller's, whatever the closure holds. [`into_refusal`](Self::into_refusal) leaves the work behind,
/// `JobError::from` makes it what `run` gives.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, SpawnErrorKind};
///
/// # fn main() -> Result<(), vela::pool::BuildError> {
/// let pool = CpuPool::builder().threads(1).build()?;
/// pool.close();
/// let refused = pool.try_spawn(|| 1 + 1).unwrap_err();
/// assert_eq!(refused.kind(), SpawnErrorKind::Closed);
/// assert_eq!(refused.into_inner()(), 2);
/// # Ok(())
/// # }
/// ```
pub struct SpawnError<W> {
    refusal: Refusal,
    // Under a lock only because work need not be `Sync`, and an error that is not is none to most: `?` would not take it.
    work: Mutex<W>,
}

impl<W> SpawnError<W> {
    pub(crate) fn new(refusal: Refusal, work: W) -> Self {
        Self { refusal, work: Mutex::new(work) }
    }

    /// Why it was not taken.
    pub fn kind(&self) -> SpawnErrorKind {
        self.refusal.kind
    }

    /// Why it was not taken, and by which pool.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The work that was not taken.
    pub fn into_inner(self) -> W {
        self.work.into_inner()
    }

    /// Why it was not taken, without the work.
    pub fn into_refusal(self) -> Refusal {
        self.refusal
    }

    pub(crate) fn map<V>(self, map: impl FnOnce(W) -> V) -> SpawnError<V> {
        SpawnError::new(self.refusal, map(self.work.into_inner()))
    }
}

impl<W> fmt::Debug for SpawnError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("refusal", &self.refusal).finish_non_exhaustive()
    }
}

impl<W> fmt::Display for SpawnError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl<W> Error for SpawnError<W> {}

/// Why `run` gave no result.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, JobError};
///
/// # vela::block_on(async {
/// let pool = CpuPool::builder().threads(1).build()?;
/// let error = pool.run(|| -> u32 { panic!("not a number") }).await.unwrap_err();
/// assert!(matches!(&error, JobError::Task(task) if task.is_panic()));
/// assert!(error.to_string().contains("not a number"));
/// # Ok::<(), vela::pool::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The pool did not take it.
    Refused(Refusal),
    /// The pool took it, and when it was full dropped it for another one, as its policy says.
    Dropped(Refusal),
    /// It was taken, and panicked, or was cancelled.
    Task(TaskError),
}

impl JobError {
    /// Why the pool did not take it, if it did not.
    #[must_use]
    pub fn refused(&self) -> Option<SpawnErrorKind> {
        match self {
            Self::Refused(refusal) => Some(refusal.kind),
            Self::Dropped(_) | Self::Task(_) => None,
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Dropped(refusal) => write!(f, "the job was dropped by the overflow policy, because {refusal}"),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(_) | Self::Dropped(_) => None,
            // What it says is said above.
            Self::Task(error) => error.source(),
        }
    }
}

impl<W> From<SpawnError<W>> for JobError {
    fn from(error: SpawnError<W>) -> Self {
        Self::Refused(error.refusal)
    }
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

/// A pool could not be built: the system gave no threads, or the builder was told something that makes no pool. As text: with what can
/// be done about it.
///
/// # Examples
///
/// ```
/// let cores = 1;
/// let error = vela::pool::CpuPool::builder().name("hash").threads(cores - 1).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the pool `hash` cannot be built: with `.threads(0)` no job would ever run: give it 1 or more, or leave the call out for one a core"
/// );
/// ```
#[derive(Debug)]
pub struct BuildError(Unbuilt);

#[derive(Debug)]
enum Unbuilt {
    Threads(Box<dyn Error + Send + Sync>),
    Zero { pool: Option<Arc<str>>, of: Zero },
}

/// What must not be 0: the call, what would come of it, and what it is if the call is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zero(&'static str, &'static str, &'static str);

impl Zero {
    pub(crate) const THREADS: Self = Self("threads", "no job would ever run", "one a core");
    pub(crate) const QUEUE: Self = Self("queue", "no job could be taken", "1024 places");
    pub(crate) const WORKERS: Self = Self("worker_threads", "nothing would ever run", "one a core");
    pub(crate) const LIMIT: Self = Self("limit", "nothing could ever start", "no limit");

    /// Refuses 0.
    pub(crate) fn check(self, value: Option<usize>, pool: Option<&Arc<str>>) -> Result<(), BuildError> {
        match value {
            Some(0) => Err(BuildError(Unbuilt::Zero { pool: pool.cloned(), of: self })),
            _ => Ok(()),
        }
    }
}

impl BuildError {
    pub(crate) fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Unbuilt::Threads(Box::new(source)))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Unbuilt::Threads(source) => write!(f, "cannot start the threads of the pool: {source}"),
            Unbuilt::Zero { pool, of: Zero(call, why, otherwise) } => {
                match pool {
                    Some(name) => write!(f, "the pool `{name}` cannot be built")?,
                    None => f.write_str("the pool cannot be built")?,
                }
                write!(f, ": with `.{call}(0)` {why}: give it 1 or more, or leave the call out for {otherwise}")
            }
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Unbuilt::Threads(source) => source.source(),
            Unbuilt::Zero { .. } => None,
        }
    }
}

/// What was left when a shutdown's time was up.
///
/// # Examples
///
/// ```
/// use vela::time::secs;
///
/// # vela::block_on(async {
/// let pool = vela::pool::CpuPool::builder().threads(1).build()?;
/// let task = pool.try_spawn(|| 7).unwrap();
/// let left = pool.shutdown(secs(5)).await;
/// assert!(left.is_nothing());
/// assert_eq!(left.to_string(), "nothing left");
/// assert_eq!(task.await.unwrap(), 7);
/// # Ok::<(), vela::pool::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// How many pieces of work the shutdown has cancelled: jobs that had not begun, and futures, at their next `.await`.
    pub cancelled: usize,
    /// How many were still running.
    pub running: usize,
}

impl Leftover {
    /// Whether the shutdown cut nothing off: it cancelled nothing, and nothing was still running. Work that was cancelled, dropped or
    /// had failed before does not count: the pool's snapshot has that.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Leftover {
    /// `3 cancelled, 1 still running`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { cancelled: 0, running: 0 } => f.write_str("nothing left"),
            Self { cancelled, running: 0 } => write!(f, "{cancelled} cancelled"),
            Self { cancelled: 0, running } => write!(f, "{running} still running"),
            Self { cancelled, running } => write!(f, "{cancelled} cancelled, {running} still running"),
        }
    }
}
