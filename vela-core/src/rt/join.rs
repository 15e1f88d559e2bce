//! Handles of tasks: on Vela's run queue, on Tokio, in a simulation, or elsewhere.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::task::coop;

use super::{exec, poll_budget, seam};

/// The number of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Own(u64),
    Tokio(tokio::task::Id),
    Simulated(u64),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(id) => id.fmt(f),
            Self::Tokio(id) => id.fmt(f),
            // The upper half says which run.
            Self::Simulated(id) => (id & u64::from(u32::MAX)).fmt(f),
        }
    }
}

/// Why a task has no value.
pub(crate) enum JoinError {
    Tokio(tokio::task::JoinError),
    Panicked(Box<dyn Any + Send>),
    Cancelled,
}

impl JoinError {
    /// The panic's payload, if it was one.
    pub(crate) fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        match self {
            Self::Tokio(error) => error.try_into_panic().ok(),
            Self::Panicked(payload) => Some(payload),
            Self::Cancelled => None,
        }
    }
}

/// Cancels a task.
#[derive(Clone, Debug)]
pub(crate) enum AbortHandle {
    Own(exec::AbortHandle),
    Tokio(tokio::task::AbortHandle),
    Simulated(u64),
    Elsewhere(Arc<dyn Abort>),
}

impl AbortHandle {
    pub(crate) fn abort(&self) {
        match self {
            Self::Own(handle) => handle.abort(),
            Self::Tokio(handle) => handle.abort(),
            Self::Simulated(id) => {
                seam::with(|executor| executor.abort(*id));
            }
            Self::Elsewhere(work) => work.abort(),
        }
    }
}

/// The handle of a task; a future of its outcome.
pub(crate) enum JoinHandle<T> {
    Own(exec::JoinHandle<T>),
    Tokio(tokio::task::JoinHandle<T>),
    Simulated(Simulated<T>),
    Elsewhere(Arc<dyn Elsewhere<T>>),
}

/// Work that no executor of ours does, as who cancels it sees it.
pub(crate) trait Abort: fmt::Debug + Send + Sync {
    /// Cancels it, if it has not begun. Runs user code: never under a lock.
    fn abort(&self);
}

/// Work that no executor of ours does, as who joins it sees it.
pub(crate) trait Elsewhere<T>: Abort {
    fn id(&self) -> u64;
    fn outcome(&self) -> &Outcome<T>;
}

impl<T> JoinHandle<T> {
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Own(handle) => Id::Own(handle.id()),
            Self::Tokio(handle) => Id::Tokio(handle.id()),
            Self::Simulated(task) => Id::Simulated(task.id),
            Self::Elsewhere(work) => Id::Own(work.id()),
        }
    }

    pub(crate) fn abort_handle(&self) -> AbortHandle {
        match self {
            Self::Own(handle) => AbortHandle::Own(handle.abort_handle()),
            Self::Tokio(handle) => AbortHandle::Tokio(handle.abort_handle()),
            Self::Simulated(task) => AbortHandle::Simulated(task.id),
            Self::Elsewhere(work) => {
                let work = Arc::clone(work);
                AbortHandle::Elsewhere(work)
            }
        }
    }

    /// Cancels the task; gives work that is done elsewhere, which the caller has to abort when he holds no lock.
    pub(crate) fn abort(&self) -> Option<Arc<dyn Abort>> {
        match self {
            Self::Own(handle) => handle.abort(),
            Self::Tokio(handle) => handle.abort(),
            Self::Simulated(task) => {
                seam::with(|executor| executor.abort(task.id));
            }
            Self::Elsewhere(work) => {
                let work = Arc::clone(work);
                return Some(work);
            }
        }
        None
    }

    /// No fault of a simulation is to end the task.
    pub(crate) fn spare(&self) {
        if let Self::Simulated(task) = self {
            seam::with(|executor| executor.spare(task.id));
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Own(handle) => handle.is_finished(),
            Self::Tokio(handle) => handle.is_finished(),
            Self::Simulated(task) => task.outcome.is_set(),
            Self::Elsewhere(work) => work.outcome().is_set(),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Own(handle) => Pin::new(handle).poll(cx),
            Self::Tokio(handle) => Pin::new(handle).poll(cx).map_err(JoinError::Tokio),
            Self::Simulated(task) => task.outcome.poll(cx, || Some(task.id)),
            Self::Elsewhere(work) => work.outcome().poll(cx, || None),
        }
    }
}

/// The handle of a task in a simulation.
pub(crate) struct Simulated<T> {
    id: u64,
    outcome: Arc<Outcome<T>>,
}

/// What has become of a task, and who waits for that. One lock; wakers are cloned, woken and dropped outside of it.
pub(crate) struct Outcome<T>(Mutex<State<T>>);

enum State<T> {
    Pending {
        joiner: Option<Waker>,
        /// Somebody works on it, or cancels it. Of no meaning to tasks in a simulation.
        begun: bool,
        /// Somebody has asked for it to be cancelled.
        unwanted: bool,
    },
    Ended {
        result: Result<T, JoinError>,
        /// The task of a simulation that panicked, if it was not that of the outcome.
        panicked_in: Option<u64>,
    },
    Taken,
}

impl<T> Outcome<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::Pending { joiner: None, begun: false, unwanted: false }))
    }

    fn is_set(&self) -> bool {
        !matches!(&*self.0.lock(), State::Pending { .. })
    }

    /// Whether the caller is the one to set the outcome: true for the first one who asks.
    pub(crate) fn begin(&self) -> bool {
        match &mut *self.0.lock() {
            State::Pending { begun, .. } => !mem::replace(begun, true),
            State::Ended { .. } | State::Taken => false,
        }
    }

    /// Nobody wants it any more: as [`begin`](Self::begin), so whether the caller is the one to say that it was cancelled.
    pub(crate) fn refuse(&self) -> bool {
        match &mut *self.0.lock() {
            State::Pending { begun, unwanted, .. } => {
                *unwanted = true;
                !mem::replace(begun, true)
            }
            State::Ended { .. } | State::Taken => false,
        }
    }

    /// Whether somebody has asked for it to be cancelled while it was pending, and it still is.
    pub(crate) fn is_unwanted(&self) -> bool {
        matches!(&*self.0.lock(), State::Pending { unwanted: true, .. })
    }

    /// `own`: the number that the simulation has given to the task.
    fn poll(&self, cx: &mut Context<'_>, own: impl FnOnce() -> Option<u64>) -> Poll<Result<T, JoinError>> {
        let budget = ready!(poll_budget(cx));
        let mut state = self.0.lock();
        if matches!(*state, State::Pending { .. }) {
            drop(state);
            let mut waker = Some(cx.waker().clone());
            state = self.0.lock();
            if let State::Pending { joiner, .. } = &mut *state {
                mem::swap(joiner, &mut waker);
                drop(state);
                return Poll::Pending;
            }
        }
        let State::Ended { result, panicked_in } = mem::replace(&mut *state, State::Taken) else {
            panic!("a join handle was polled after it was ready");
        };
        drop(state);
        budget.charge();
        if matches!(result, Err(JoinError::Panicked(_)))
            && let Some(task) = own().or(panicked_in)
        {
            seam::with(|executor| executor.panic_seen(task));
        }
        Poll::Ready(result)
    }

    /// Sets the outcome, once, and wakes who waits for it.
    pub(crate) fn set(&self, result: Result<T, JoinError>) {
        let panicked_in = match &result {
            Err(JoinError::Panicked(_)) => seam::with(|executor| executor.current()).flatten(),
            _ => None,
        };
        let before = mem::replace(&mut *self.0.lock(), State::Ended { result, panicked_in });
        if let State::Pending { joiner: Some(joiner), .. } = before {
            joiner.wake();
        }
    }
}

pin_project! {
    /// What a simulation polls: the task, and where its outcome goes.
    struct Tracked<F: Future> {
        #[pin]
        future: Option<F>,
        outcome: Arc<Outcome<F::Output>>,
        ended: bool,
    }

    impl<F: Future> PinnedDrop for Tracked<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // The future is gone before those who join hear of it.
            let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
            if !*this.ended {
                this.outcome.set(Err(match dropped {
                    Ok(()) => JoinError::Cancelled,
                    Err(payload) => {
                        seam::with(|executor| executor.panicked(&panic_text(&*payload)));
                        JoinError::Panicked(payload)
                    }
                }));
            }
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let result = match this.future.as_mut().as_pin_mut() {
                // A budget of Tokio's would be that of a runtime around the simulation.
                Some(future) => ready!(pin!(coop::unconstrained(future)).poll(cx)),
                None => return Poll::Pending,
            };
            this.future.set(None);
            Poll::Ready(result)
        }));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => {
                // A second panic, of the drop, has nobody to tell.
                let _ = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
                Err(JoinError::Panicked(payload))
            }
        };
        *this.ended = true;
        this.outcome.set(outcome);
        Poll::Ready(())
    }
}

/// The text of a panic.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a payload that is not text".to_owned())
}

/// Starts `future` in this thread's simulation; gives it back if there is none.
pub(super) fn spawn_simulated<F>(
    future: F,
    name: Option<&str>,
    site: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, F>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut future = Some(future);
    let started = seam::with(|executor| {
        let outcome = Arc::new(Outcome::new());
        let task = Tracked { future: future.take(), outcome: Arc::clone(&outcome), ended: false };
        let id = executor.spawn(Box::pin(task), name, site);
        JoinHandle::Simulated(Simulated { id, outcome })
    });
    match (started, future) {
        (Some(handle), _) => Ok(handle),
        (None, Some(future)) => Err(future),
        (None, None) => unreachable!("the future is used only by an executor"),
    }
}
