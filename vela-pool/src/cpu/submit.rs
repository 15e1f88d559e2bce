//! Submitting a job: with a name and a priority, waiting for room or not.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use vela_core::__private::{operation, wait_on_thread};
use vela_core::Overflow;
use vela_core::ops::Named;
use vela_core::sync::Permit;
use vela_core::task::{Task, TaskBuilder, Work};
use vela_core::time::{sleep, timeout};

use super::Priority;
use super::job::{Closure, Job};
use super::shared::Shared;
use super::threads::Threads;
use crate::error::{JobError, SpawnError, SpawnErrorKind};
use crate::wanted::Wanted;

/// A job in the making: what [`CpuPool::priority`](super::CpuPool::priority) and [`CpuPool::name`](super::CpuPool::name) give.
///
/// # Examples
///
/// ```
/// use vela_pool::{CpuPool, Priority};
///
/// # vela_core::block_on(async {
/// let pool = CpuPool::builder().threads(1).build()?;
/// let task = pool.priority(Priority::Low).name("nightly").spawn(|| 7).await.map_err(|refused| refused.to_string())?;
/// assert_eq!(task.name(), Some("nightly"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "nothing is submitted until `spawn`, `try_spawn` or `run`"]
pub struct JobBuilder {
    pool: Arc<Shared>,
    name: Option<Cow<'static, str>>,
    priority: Priority,
}

impl JobBuilder {
    pub(super) fn new(pool: &Arc<Shared>) -> Self {
        Self { pool: Arc::clone(pool), name: None, priority: Priority::Normal }
    }

    /// The lane; [`Normal`](Priority::Normal) unless told otherwise.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Names the job, for its errors and for [`current`](vela_core::task::current()).
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// As [`CpuPool::spawn`](super::CpuPool::spawn).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn spawn<F, R>(self, job: F) -> Named<impl Future<Output = Result<Task<R>, SpawnError<F>>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let site = Location::caller();
        operation("spawn", self.submit(job, site))
    }

    /// As [`CpuPool::try_spawn`](super::CpuPool::try_spawn).
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn try_spawn<F, R>(self, job: F) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let site = Location::caller();
        let pool = Arc::clone(&self.pool);
        self.try_submit(job, site).inspect_err(|error| pool.refused(error.kind()))
    }

    /// As [`CpuPool::spawn_from_thread`](super::CpuPool::spawn_from_thread).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn spawn_from_thread<F, R>(self, job: F) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let site = Location::caller();
        if !Threads::is_here(&self.pool) {
            return wait_on_thread("CpuPool::spawn_from_thread", self.submit(job, site));
        }
        let mut job = job;
        loop {
            match self.clone().try_submit(job, site) {
                Err(refused) if refused.kind() == SpawnErrorKind::Full => job = refused.into_inner(),
                submitted => return submitted,
            }
            // P4: whoever would wait for a thread while he holds one makes room himself. If there is nothing to run, another
            // thread has taken it just now, or is about to put it there.
            match self.pool.take(false) {
                Some(taken) => taken.run(),
                None => std::thread::yield_now(),
            }
        }
    }

    /// As [`CpuPool::run`](super::CpuPool::run).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn run<F, R>(self, job: F) -> Named<impl Future<Output = Result<R, JobError>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.run_at(job, Location::caller())
    }

    /// As [`run`](Self::run), for what was asked for at `site`.
    pub(crate) fn run_at<F, R>(
        self,
        job: F,
        site: &'static Location<'static>,
    ) -> Named<impl Future<Output = Result<R, JobError>> + Send + use<F, R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        operation("run", async move {
            let task = Wanted(self.submit(job, site).await?);
            Ok(task.0.join().await?)
        })
    }

    async fn submit<F, R>(self, job: F, site: &'static Location<'static>) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let pool = Arc::clone(&self.pool);
        let submitted = match pool.overflow {
            Overflow::Retry { attempts, backoff } => self.retry(job, site, attempts, backoff).await,
            _ => match wait_for_room(&pool).await {
                Ok(permit) => self.push(job, site, permit),
                Err(kind) => Err(SpawnError::new(kind, job)),
            },
        };
        submitted.inspect_err(|error| pool.refused(error.kind()))
    }

    async fn retry<F, R>(
        self,
        mut job: F,
        site: &'static Location<'static>,
        attempts: u32,
        backoff: std::time::Duration,
    ) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let mut pause = backoff;
        for _ in 0..attempts {
            match self.clone().try_submit(job, site) {
                Err(refused) if refused.kind() == SpawnErrorKind::Full => job = refused.into_inner(),
                submitted => return submitted,
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        self.try_submit(job, site)
    }

    fn try_submit<F, R>(self, job: F, site: &'static Location<'static>) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        use vela_core::sync::TryAcquireError;
        let permit = match self.pool.room.as_ref().map(|room| room.try_acquire(1)).transpose() {
            Ok(permit) => permit,
            Err(TryAcquireError::TooFew) => return Err(SpawnError::new(SpawnErrorKind::Full, job)),
            Err(TryAcquireError::Closed) => return Err(SpawnError::new(SpawnErrorKind::Closed, job)),
        };
        self.push(job, site, permit)
    }

    /// `permit` is there if the pool has a semaphore.
    fn push<F, R>(
        self,
        job: F,
        site: &'static Location<'static>,
        permit: Option<Permit>,
    ) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let Self { pool, name, priority } = self;
        let builder = name.map_or_else(TaskBuilder::new, |name| TaskBuilder::new().name(name));
        let (work, task) = builder.external_at(Closure::new(job, Arc::clone(&pool), priority), site);
        // P1: it comes back when the job leaves the queue.
        let queued: Arc<dyn Job> = Arc::clone(&work) as _;
        match pool.push(queued, priority) {
            Ok(()) => {
                if let Some(permit) = permit {
                    permit.forget();
                }
                Ok(task)
            }
            Err(kind) => Err(SpawnError::new(kind, taken_back(&work))),
        }
    }
}

/// The closure of a job that did not get into the queue.
fn taken_back<F, R>(work: &Work<R, Closure<F>>) -> F {
    match work.payload().take() {
        Some(job) => job,
        None => unreachable!("nobody else has the job"),
    }
}

/// A permit, if the policy is to wait for one.
async fn wait_for_room(pool: &Shared) -> Result<Option<Permit>, SpawnErrorKind> {
    let Some(room) = &pool.room else { return Ok(None) };
    let acquired = match pool.overflow {
        Overflow::Timeout(limit) => timeout(limit, room.acquire(1)).await.map_err(|_| SpawnErrorKind::TimedOut)?,
        _ => room.acquire(1).await,
    };
    acquired.map(Some).map_err(|_| SpawnErrorKind::Closed)
}

impl fmt::Debug for JobBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobBuilder").field("name", &self.name).field("priority", &self.priority).finish_non_exhaustive()
    }
}
