//! Submitting a job: with a name and a priority, waiting for room or not.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use vela_core::__private::{operation, wait_on_thread};
use vela_core::Overflow;
use vela_core::ops::Named;
use vela_core::task::{Task, TaskBuilder, TaskError};
use vela_core::time::sleep;

use super::Priority;
use super::job::{Closure, Job, Popped};
use super::line::InLine;
use super::shared::Shared;
use super::threads::Threads;
use crate::error::{JobError, SpawnError, SpawnErrorKind};
use crate::ledger::Fate;
use crate::wanted::Wanted;

/// A job in the making: what [`CpuPool::priority`](super::CpuPool::priority) and [`CpuPool::name`](super::CpuPool::name) give.
///
/// # Examples
///
/// ```
/// use vela::pool::{CpuPool, Priority};
///
/// # vela::block_on(async {
/// let pool = CpuPool::builder().threads(1).build()?;
/// let task = pool.priority(Priority::Low).name("nightly").spawn(|| 7).await?;
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
    /// Where it is to be told what the job was taken out of the queue for.
    told: Option<Arc<OnceLock<Fate>>>,
}

impl JobBuilder {
    pub(super) fn new(pool: &Arc<Shared>) -> Self {
        Self { pool: Arc::clone(pool), name: None, priority: Priority::Normal, told: None }
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
        self.try_submit(job, Location::caller()).map_err(Refused::count)
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
        match self.try_submit(job, site) {
            // P4: whoever would wait for a thread while he holds one runs the job himself.
            Err(refused) if refused.error.kind() == SpawnErrorKind::Full && refused.builder.pool.line.is_some() => {
                refused.builder.run_here(refused.error.into_inner(), site).map_err(Refused::count)
            }
            submitted => submitted.map_err(Refused::count),
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
        // Another policy drops none.
        let told = self.pool.drops().then(Arc::<OnceLock<Fate>>::default);
        let pool = Arc::clone(&self.pool);
        operation("run", async move {
            let task = Wanted(Self { told: told.clone(), ..self }.submit(job, site).await?);
            task.0.join().await.map_err(|error| match (error, told.as_ref().and_then(|fate| fate.get())) {
                (TaskError::Cancelled, Some(Fate::Dropped)) => JobError::Dropped(pool.refusal(SpawnErrorKind::Full)),
                (error, _) => JobError::Task(error),
            })
        })
    }

    async fn submit<F, R>(self, job: F, site: &'static Location<'static>) -> Result<Task<R>, SpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let refused = match self.try_submit(job, site) {
            Ok(task) => return Ok(task),
            Err(refused) if refused.error.kind() == SpawnErrorKind::Full => refused,
            Err(refused) => return Err(refused.count()),
        };
        let waited = match refused.builder.pool.overflow {
            Overflow::Retry { attempts, backoff } => refused.retry(site, attempts, backoff).await,
            _ if refused.builder.pool.line.is_some() => refused.wait(site).await,
            _ => Err(refused),
        };
        waited.map_err(Refused::count)
    }

    fn try_submit<F, R>(self, job: F, site: &'static Location<'static>) -> Result<Task<R>, Refused<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        // Saves those who are turned away the making of a task.
        if self.pool.looks_full() && !self.pool.is_closed() {
            return Err(self.refuse(SpawnErrorKind::Full, job));
        }
        self.push(job, site, None)
    }

    /// `place`: that the caller has waited for.
    fn push<F, R>(
        self,
        job: F,
        site: &'static Location<'static>,
        place: Option<&mut InLine>,
    ) -> Result<Task<R>, Refused<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let priority = self.priority;
        self.place(job, site, |pool, job| pool.push(job, priority, place))
    }

    /// Runs the job at once, on this thread, past the queue.
    fn run_here<F, R>(self, job: F, site: &'static Location<'static>) -> Result<Task<R>, Refused<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.place(job, site, |pool, job| {
            pool.begin(job).ok_or(SpawnErrorKind::Closed)?.run(&mut || false);
            Ok(())
        })
    }

    /// Makes the task of a job, and puts the job where it is run; the closure comes back if that fails, which it does before it asks for
    /// the job.
    fn place<F, R>(
        self,
        job: F,
        site: &'static Location<'static>,
        put: impl FnOnce(&Arc<Shared>, &mut dyn FnMut() -> Arc<dyn Job>) -> Result<(), SpawnErrorKind>,
    ) -> Result<Task<R>, Refused<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let Self { pool, name, priority, told } = self;
        let popped = told.clone().map_or_else(|| Popped::Own(OnceLock::new()), Popped::Told);
        let builder = name.map_or_else(TaskBuilder::new, |name| TaskBuilder::new().name(name));
        let (work, task) = builder.external_at(Closure::new(job, Arc::clone(&pool), priority, popped), site);
        let mut work = Some(work);
        let put = put(&pool, &mut || match work.take() {
            Some(work) => work,
            None => unreachable!("it asks once"),
        });
        match (put, work) {
            (Ok(()), _) => Ok(task),
            (Err(kind), Some(work)) => {
                let Some((job, pool)) = work.payload().take() else { unreachable!("nobody else has the job") };
                let name = work.name().map(|name| Cow::Owned(name.to_owned()));
                Err(Self { pool, name, priority, told }.refuse(kind, job))
            }
            (Err(_), None) => unreachable!("it fails before it asks"),
        }
    }

    fn refuse<F>(self, kind: SpawnErrorKind, job: F) -> Refused<F> {
        let refusal = self.pool.refusal(kind);
        Refused { builder: self, error: SpawnError::new(refusal, job) }
    }
}

/// A job that was not taken, with all that is needed to try again.
struct Refused<F> {
    builder: JobBuilder,
    error: SpawnError<F>,
}

impl<F> Refused<F> {
    /// That was the last try.
    fn count(self) -> SpawnError<F> {
        self.builder.pool.refused(self.error.kind());
        self.error
    }

    async fn wait<R>(self, site: &'static Location<'static>) -> Result<Task<R>, Self>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let Self { builder, error } = self;
        let mut place = match InLine::join(&builder.pool) {
            Ok(place) => place,
            Err(kind) => return Err(builder.refuse(kind, error.into_inner())),
        };
        match place.wait().await {
            Ok(()) => builder.push(error.into_inner(), site, Some(&mut place)),
            Err(kind) => Err(builder.refuse(kind, error.into_inner())),
        }
    }

    async fn retry<R>(
        mut self,
        site: &'static Location<'static>,
        attempts: u32,
        backoff: Duration,
    ) -> Result<Task<R>, Self>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let mut pause = backoff;
        for _ in 0..attempts {
            sleep(pause).await;
            pause = pause.saturating_mul(2);
            match self.builder.try_submit(self.error.into_inner(), site) {
                Err(refused) if refused.error.kind() == SpawnErrorKind::Full => self = refused,
                submitted => return submitted,
            }
        }
        Err(self)
    }
}

impl fmt::Debug for JobBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobBuilder").field("name", &self.name).field("priority", &self.priority).finish_non_exhaustive()
    }
}
