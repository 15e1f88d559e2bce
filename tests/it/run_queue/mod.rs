//! Vela's run queue inside Tokio's workers: what tasks may rely on, and that Tokio goes on beside it.

mod budget;
mod fairness;
mod moving;
mod shutdown;
mod stuck;
mod tasks;
mod tokio_inside;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// Far beyond what any test takes: only a lost wake-up reaches it.
const HUNG: Duration = Duration::from_secs(40);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn workers(n: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(n).enable_all().build().unwrap()
}

/// Whether the environment has turned it off: some of this Tokio's own queue does not do.
fn is_off() -> bool {
    vela::task::RunQueue::current() == vela::task::RunQueue::Tokio
}

/// On the current thread (0), or on so many workers.
fn runtime(workers_or_none: usize) -> Runtime {
    if workers_or_none == 0 { current_thread() } else { workers(workers_or_none) }
}

const KINDS: [usize; 4] = [0, 1, 2, 4];

#[track_caller]
fn on<F: Future>(runtime: &Runtime, body: F) -> F::Output {
    runtime.block_on(async { tokio::time::timeout(HUNG, body).await }).expect("the test hangs")
}

/// Runs the body on runtimes of each kind: once as their main future, once as a task of Vela's.
#[track_caller]
fn everywhere<F>(body: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for kind in KINDS {
        let runtime = runtime(kind);
        on(&runtime, body());
        on(&runtime, async { vela::task::spawn(body()).await.unwrap() });
    }
}

/// Waits, on this thread, for something that other threads do.
#[track_caller]
fn wait_until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < HUNG, "the test hangs");
        std::thread::yield_now();
    }
}

/// The same in a task.
async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

/// Counts its drops.
struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
