//! A pipeline that runs: its tasks, its outcome, its end.
//!
//! One task, the driver, owns the [`Group`] of the workers. All workers end when their work is done, when one fails (the group
//! cancels the others), when nobody can receive the output any more, or when the pipeline is cancelled (the driver cancels
//! them). It ends after them. So however it ends, every channel end of the pipeline is dropped, and whoever is on the other side
//! of one learns of it.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::chan::Sender;
use crate::error::{Error, Result};
use crate::ops::Receive;
use crate::rt;
use crate::select::Polled;
use crate::task::via::ErrFails;
use crate::task::{Group, Join, Task, TaskBuilder, TaskError};

/// Starts the workers of one stage.
pub(super) type Start = Box<dyn FnOnce(&mut Workers) + Send>;

/// The workers of all stages.
pub(super) struct Workers {
    group: Group,
    tasks: Vec<Task<()>>,
}

impl Workers {
    /// Starts one more.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        site: &'static Location<'static>,
        worker: impl Future<Output = Result<()>> + Send + 'static,
    ) {
        self.tasks.push(TaskBuilder::new().name(name).spawn_in_at(&self.group, worker, ErrFails, site));
    }

    /// Waits until all have ended: the group's failure, and the first that has no outcome. Not to be dropped half-way, for the
    /// failure would go with it.
    async fn join(&self) -> (Result<()>, Result<()>) {
        let failure = self.group.join().await;
        let mut each = Ok(());
        for task in &self.tasks {
            let joined = task.join().await;
            each = each.and(joined.map_err(Error::from));
        }
        (failure, each)
    }
}

/// The handle of what runs behind the receivers that this module gives. Joining it (`<-pipeline`, `pipeline.await`,
/// [`join`](Self::join)) waits until every task of it has ended, and gives the first failure.
///
/// Dropping the handle detaches: the pipeline runs on, and a failure is reported (as a task's panic is), not silent. So is one
/// that came before, if no join was given it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(1);
/// let (numbers, pipeline) = vela::flow::from(rx).try_map(2, |text: &str| async move { text.parse::<u32>() }).into_receiver();
/// tx.send("seven").await?;
/// assert_eq!(numbers.recv().await, None);           // a failure closes the channel
/// assert!(pipeline.join().await.unwrap_err().is::<std::num::ParseIntError>());
/// assert!(tx.is_closed());                          // at both ends
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a failure of the pipeline comes out of it"]
pub struct Pipeline {
    task: Task<()>,
    stop: CancellationToken,
    failure: Arc<Mutex<Failure>>,
    site: &'static Location<'static>,
}

/// The failure, on its way from the driver to who asks for it.
#[derive(Default)]
struct Failure {
    /// The handle is gone: nobody will ask.
    unasked: bool,
    error: Option<Error>,
}

impl Pipeline {
    /// Starts the workers. The pipeline is over once nobody can receive from `output`; it keeps that open till its end.
    #[track_caller]
    pub(super) fn start<T: Send + 'static>(starts: Vec<Start>, output: Option<Sender<T>>) -> Self {
        let site = Location::caller();
        let failure = Arc::<Mutex<Failure>>::default();
        let told = Arc::clone(&failure);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = TaskBuilder::new().name("pipeline").spawn(async move {
            let mut workers = Workers { group: Group::new(), tasks: Vec::new() };
            for start in starts {
                start(&mut workers);
            }
            if let Err(error) = run(&workers, output.as_ref(), &stopped).await {
                let mut failure = told.lock();
                if failure.unasked {
                    drop(failure);
                    report(&error, site);
                } else {
                    failure.error = Some(error);
                }
            }
        });
        Self { task, stop, failure, site }
    }

    /// Waits until all of it has ended. Several tasks may wait: one of them gets the outcome.
    ///
    /// # Errors
    ///
    /// The first failure: what a stage's function returned as `Err`, or [`TaskError`] for a panic, for
    /// [`cancel`](Self::cancel), and for who asks once more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the pipeline runs on, and its outcome waits.
    #[track_caller]
    pub fn join(&self) -> JoinPipeline<'_> {
        JoinPipeline { join: self.task.join(), pipeline: self }
    }

    /// Stops it: every worker is dropped at its next `.await`, with the value that it has. Returns at once; join it to know when
    /// all are gone.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    /// Whether it has ended: then joining does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Of the driver, which has ended.
    fn outcome(&self) -> Result<()> {
        let failure = self.failure.lock().error.take();
        failure.map_or(Ok(()), Err)
    }
}

/// Why the driver waits no longer.
enum End {
    /// The workers have ended: the group's failure, and that of each.
    Over((Result<()>, Result<()>)),
    /// Nobody takes the output any more. That is no failure.
    Unwanted,
    Cancelled,
}

async fn run<T>(workers: &Workers, output: Option<&Sender<T>>, stop: &CancellationToken) -> Result<()> {
    let unwanted = async {
        match output {
            Some(output) => output.closed().await,
            None => std::future::pending().await,
        }
    };
    let mut unwanted = pin!(unwanted);
    let mut stopped = pin!(stop.cancelled());
    let mut over = pin!(workers.join());
    let end = poll_fn(|cx| {
        // First, so that a failure is not taken for the close that it brings about.
        if let Poll::Ready(outcome) = over.as_mut().poll(cx) {
            return Poll::Ready(End::Over(outcome));
        }
        if unwanted.as_mut().poll(cx).is_ready() {
            return Poll::Ready(End::Unwanted);
        }
        stopped.as_mut().poll(cx).map(|()| End::Cancelled)
    })
    .await;
    let outcome = match end {
        // To a group it is no failure if a worker is cancelled, by a runtime that stops, say; but its value is lost.
        End::Over((failure, each)) => return failure.and(each),
        End::Unwanted => Ok(()),
        End::Cancelled => Err(TaskError::Cancelled.into()),
    };
    workers.group.cancel();
    // A failure that came before is the first; this wait may have it already. Each has been cancelled, or was over.
    let (failure, _cancelled) = over.await;
    failure.and(outcome)
}

/// Nobody will ask for this failure. (A panic was reported where it happened, and a cancellation was wanted.)
fn report(error: &Error, site: &'static Location<'static>) {
    if error.downcast_ref::<TaskError>().is_some_and(|error| error.is_panic() || error.is_cancelled()) {
        return;
    }
    #[cfg(feature = "tracing")]
    if tracing::dispatcher::has_been_set() {
        return tracing::error!(target: "vela::flow", started_at = %site, "a pipeline that nobody joins has failed: {error}");
    }
    rt::say(format_args!("vela: the pipeline started at {site}, which nobody joins, has failed: {error}"));
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let error = {
            let mut failure = self.failure.lock();
            failure.unasked = true;
            failure.error.take()
        };
        if let Some(error) = error {
            report(&error, self.site);
        }
    }
}

impl<'a> Receive for &'a Pipeline {
    type Output = Result<()>;
    type Case = Polled<JoinPipeline<'a>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.join())
    }
}

/// Joins the pipeline.
///
/// # Cancel safety
///
/// By value, dropping the future drops the handle: the pipeline runs on, detached. To keep it, await a reference.
impl Future for Pipeline {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.task).poll(cx))?;
        Poll::Ready(self.outcome())
    }
}

impl<'a> IntoFuture for &'a Pipeline {
    type Output = Result<()>;
    type IntoFuture = JoinPipeline<'a>;

    #[track_caller]
    fn into_future(self) -> JoinPipeline<'a> {
        self.join()
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// The future of [`Pipeline::join`].
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct JoinPipeline<'a> {
    join: Join<'a, ()>,
    pipeline: &'a Pipeline,
}

impl Future for JoinPipeline<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.join).poll(cx))?;
        Poll::Ready(self.pipeline.outcome())
    }
}
