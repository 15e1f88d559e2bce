//! Starting tasks.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::handle::Verdict as Outcome;
use super::nursery::Host;
use super::via::Verdict;
use super::{Task, run};
use crate::context::ambient::Name;
use crate::rt;

/// Starts `future` as a task, and returns at once. `go! { … }` is this with an `async move` block.
///
/// It runs on the current Tokio runtime, else on that of `#[vela::main]`, else on a global one that is started then.
/// It inherits the current [`Context`](crate::context::Context).
///
/// # Panics
///
/// If there is no runtime and none can be started.
///
/// # Cancel safety
///
/// Dropping the [`Task`] detaches it; [`Task::cancel`] drops the future.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// // No runtime was started here.
/// let task = vela::task::spawn(async { 1 + 1 });
/// assert_eq!(task.join_blocking()?, 2);
/// # Ok::<(), vela::task::TaskError>(())
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    run::start(Plain { future }, None, Location::caller())
}

/// Runs `work`, which blocks its thread, on a pool of threads for that.
///
/// [`Task::cancel`] stops it only before it has begun.
///
/// # Panics
///
/// If there is no runtime and none can be started.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let text = vela::task::spawn_blocking(|| std::fs::read_to_string("Cargo.toml")).await?;
/// # let _ = text;
/// # Ok::<(), vela::task::TaskError>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn_blocking<W, T>(work: W) -> Task<T>
where
    W: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    run::start_blocking(work, None, Location::caller())
}

/// Gives way once: other tasks that are ready run before this one goes on.
///
/// # Cancel safety
///
/// Nothing is lost when the future is dropped.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// vela::task::yield_now().await;
/// # });
/// ```
pub async fn yield_now() {
    rt::yield_now().await;
}

/// Starts a task with more to say about it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::TaskBuilder;
///
/// # vela::block_on(async {
/// let task = TaskBuilder::new().name(format!("shard {}", 7)).spawn(async { 7 });
/// assert_eq!(task.name(), Some("shard 7"));
/// # });
/// ```
#[derive(Default)]
#[must_use = "a builder starts nothing until `spawn`"]
pub struct TaskBuilder {
    pub(super) name: Option<Name>,
    /// No fault of a simulation is to end it.
    spared: bool,
}

impl TaskBuilder {
    /// A task without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for its errors and for [`current`](super::current()). Costs two small allocations.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// A task of the machinery's, which ends only with its runtime: the faults of a simulation do not cancel it and do not let it
    /// panic. They may hold it up, and poll it for nothing. For `spawn` and `spawn_at`.
    #[doc(hidden)]
    pub fn spared(mut self) -> Self {
        self.spared = true;
        self
    }

    /// As [`spawn`].
    ///
    /// # Panics
    ///
    /// If there is no runtime and none can be started.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        run::start(Plain { future }, self.name, Location::caller()).spared(self.spared)
    }

    /// As [`spawn`](Self::spawn), for what was asked for at `site`.
    #[doc(hidden)]
    pub fn spawn_at<F>(self, future: F, site: &'static Location<'static>) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        run::start(Plain { future }, self.name, site).spared(self.spared)
    }

    /// As [`spawn_blocking`].
    ///
    /// # Panics
    ///
    /// If there is no runtime and none can be started.
    #[track_caller]
    pub fn spawn_blocking<W, T>(self, work: W) -> Task<T>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run::start_blocking(work, self.name, Location::caller())
    }

    /// Starts the task in a [`Scope`](super::Scope) or [`Group`](super::Group). `verdict` says which outputs are failures; the
    /// scope's own `spawn` and `try_spawn` are easier to call.
    ///
    /// If the scope has ended or failed already, the future is dropped and the task reads as cancelled.
    ///
    /// # Panics
    ///
    /// If there is no runtime and none can be started.
    #[track_caller]
    pub fn spawn_in<H, F, V>(self, host: &H, future: F, verdict: V) -> Task<V::Value>
    where
        H: Host + ?Sized,
        F: Future + Send + 'static,
        V: Verdict<F::Output>,
    {
        self.spawn_in_at(host, future, verdict, Location::caller())
    }

    /// As [`spawn_in`](Self::spawn_in), for what was asked for at `site` and is started later.
    pub(crate) fn spawn_in_at<H, F, V>(
        self,
        host: &H,
        future: F,
        verdict: V,
        site: &'static Location<'static>,
    ) -> Task<V::Value>
    where
        H: Host + ?Sized,
        F: Future + Send + 'static,
        V: Verdict<F::Output>,
    {
        host.nursery().start(future, verdict, self.name, site)
    }
}

impl fmt::Debug for TaskBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder").field("name", &self.name.as_ref().map(Name::as_str)).finish()
    }
}

pin_project! {
    /// A task outside of scopes: whatever it returns is its value.
    struct Plain<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Plain<F> {
    type Output = Outcome<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}
