//! The seam between Vela and the executor: spawning, the clock, timers, yield points, the cooperative
//! budget, and the runtime that is there when nobody started one.
//!
//! Everything in this crate that starts a task or looks at the time goes through this module, so that another
//! executor takes Tokio's place here and nowhere else: the one that a deterministic test [installs](seam).

mod blocking;
mod budget;
mod clock;
mod entry;
mod exec;
mod join;
mod operation;
mod run_queue;
mod say;
pub mod seam;

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use parking_lot::RwLock;
use tokio::runtime::{Builder, Handle, Runtime};

pub(crate) use blocking::{assert_may_block, park_on};
pub use blocking::{block_on, may_block, wait_on_thread};
pub(crate) use budget::{buy_quietly, poll_budget, put_back_free, sent_onto, take_free, use_quietly};
pub use budget::{charge, poll_has_budget};
pub(crate) use clock::{Timer, now, saturating_add};
pub use entry::{RuntimeOptions, block_on_main, block_on_test};
pub(crate) use exec::{Reports, Unreported, next_id, wake_next};
pub use join::panic_text;
pub(crate) use join::{Abort, AbortHandle, Elsewhere, Id, JoinError, JoinHandle, Outcome};
pub(crate) use operation::polled;
pub use operation::{Named, Site, operation};
pub use run_queue::RunQueue;
pub use say::say;
pub(crate) use seam::simulated;

// ------------------------------------------------------------------------------------------- which runtime

/// The runtime of `#[vela::main]`, while it runs: plain threads that have no runtime of their own use it.
static MAIN: RwLock<Option<Handle>> = RwLock::new(None);

/// Whether the panic of a task ends the process (`#[vela::main(on_panic = "abort")]`).
static ABORT_ON_PANIC: AtomicBool = AtomicBool::new(false);

/// The runtime for threads that have none: started on first use, never stopped.
fn global() -> &'static Handle {
    static GLOBAL: OnceLock<Runtime> = OnceLock::new();
    GLOBAL
        .get_or_init(|| {
            let mut builder = Builder::new_multi_thread();
            match builder.thread_name("vela").enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => panic!("vela: cannot start the global runtime: {error}"),
            }
        })
        .handle()
}

/// The runtime to use where none is current.
#[cold]
fn fallback() -> Handle {
    match &*MAIN.read() {
        Some(handle) => handle.clone(),
        None => global().clone(),
    }
}

/// The runtime of this thread, or else the one of `#[vela::main]`, or else the global one.
pub(crate) fn handle() -> Handle {
    Handle::try_current().unwrap_or_else(|_| fallback())
}

/// Whether the panic of a task has to end the process.
pub(crate) fn aborts_on_panic() -> bool {
    // Relaxed: a flag on its own, set before any task starts.
    ABORT_ON_PANIC.load(Ordering::Relaxed)
}

// ------------------------------------------------------------------------------------------------ spawning

/// Starts `future` on the current runtime, or on the fallback if there is none.
///
/// `inside`: the caller knows that a runtime polls it now; that saves looking.
pub(crate) fn spawn<F>(
    future: F,
    inside: bool,
    name: Option<&str>,
    site: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Reports<Output: Send> + Send + 'static,
{
    // Looked at first, because each way through a call is a copy of the future.
    if seam::simulated() {
        let Ok(handle) = join::spawn_simulated(future, name, site) else { unreachable!("there is a simulation") };
        return handle;
    }
    if RunQueue::current() == RunQueue::Vela {
        return JoinHandle::Own(exec::spawn(future, handle()));
    }
    JoinHandle::Tokio(if inside {
        tokio::spawn(future)
    } else {
        match Handle::try_current() {
            Ok(handle) => handle.spawn(future),
            Err(_) => fallback().spawn(future),
        }
    })
}

/// Runs `work` on the thread pool for blocking work; in a simulation, as one step of a task.
pub(crate) fn spawn_blocking<T, W>(work: W, name: Option<&str>, site: &'static Location<'static>) -> JoinHandle<T>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    if seam::simulated() {
        let Ok(handle) = join::spawn_simulated(async move { work() }, name, site) else {
            unreachable!("there is a simulation");
        };
        return handle;
    }
    JoinHandle::Tokio(handle().spawn_blocking(work))
}

/// The executor's number for the running task.
pub(crate) fn current_id() -> Option<Id> {
    match seam::with(|executor| executor.current()) {
        Some(id) => id.map(Id::Simulated),
        None => exec::current_id().map(Id::Own).or_else(|| tokio::task::try_id().map(Id::Tokio)),
    }
}

/// Gives way once: the other tasks that are ready run before the caller goes on.
pub(crate) async fn yield_now() {
    let simulated = seam::simulated();
    if !simulated && !exec::inside() {
        return tokio::task::yield_now().await;
    }
    let mut given = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        seam::with(|executor| executor.give_way());
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A task's panic has an owner, who tells of it.
pub(crate) fn panic_seen() {
    seam::with(|executor| {
        if let Some(task) = executor.current() {
            executor.panic_seen(task);
        }
    });
}

/// Tells a simulation that the running task has panicked; false if there is none.
pub(crate) fn panicked(message: &str) -> bool {
    seam::with(|executor| executor.panicked(message)).is_some()
}

/// A number below `n` from the simulation, if there is one.
#[inline]
pub fn draw(n: usize) -> Option<usize> {
    seam::with(|executor| executor.draw(n))
}
