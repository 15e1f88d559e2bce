//! What `#[vela::main]` and `#[vela::test(tokio)]` expand to.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use super::{ABORT_ON_PANIC, MAIN, RunQueue};

/// How long `#[vela::main]` waits, once its body has ended, for blocking tasks that still run.
const SHUTDOWN: Duration = Duration::from_millis(100);

/// What runtime `#[vela::main]` and `#[vela::test]` build.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let options = vela::RuntimeOptions::new().multi_thread().worker_threads(2);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuntimeOptions {
    flavor: Option<Flavor>,
    workers: Option<usize>,
    abort_on_panic: bool,
    run_queue: Option<RunQueue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavor {
    CurrentThread,
    MultiThread,
}

impl RuntimeOptions {
    /// The defaults: for `main` many threads, for a test one.
    #[must_use]
    pub const fn new() -> Self {
        Self { flavor: None, workers: None, abort_on_panic: false, run_queue: None }
    }

    /// All tasks on the calling thread.
    #[must_use]
    pub const fn current_thread(mut self) -> Self {
        self.flavor = Some(Flavor::CurrentThread);
        self
    }

    /// Tasks on a pool of threads.
    #[must_use]
    pub const fn multi_thread(mut self) -> Self {
        self.flavor = Some(Flavor::MultiThread);
        self
    }

    /// The number of threads of the pool; by default one per core. 0 is taken as 1. Implies
    /// [`multi_thread`](Self::multi_thread) unless a flavour was chosen.
    #[must_use]
    pub const fn worker_threads(mut self, threads: usize) -> Self {
        self.workers = Some(if threads == 0 { 1 } else { threads });
        self
    }

    /// The panic of any task ends the process, as in Go, after it has been reported.
    #[must_use]
    pub const fn abort_on_panic(mut self) -> Self {
        self.abort_on_panic = true;
        self
    }

    /// What runs the tasks of the process from then on. By default what runs them already: at first
    /// [`RunQueue::Vela`]. The environment variable `VELA_RUN_QUEUE` goes before this.
    #[must_use]
    pub const fn run_queue(mut self, queue: RunQueue) -> Self {
        self.run_queue = Some(queue);
        self
    }

    /// Puts what is for the whole process into force.
    fn apply(self) {
        if self.abort_on_panic {
            ABORT_ON_PANIC.store(true, Ordering::Relaxed);
        }
        if let Some(queue) = self.run_queue {
            queue.use_for_new_tasks();
        }
    }

    fn build(self, default: Flavor) -> Runtime {
        let implied = if self.workers.is_some() { Flavor::MultiThread } else { default };
        let mut builder = match self.flavor.unwrap_or(implied) {
            Flavor::CurrentThread => Builder::new_current_thread(),
            Flavor::MultiThread => Builder::new_multi_thread(),
        };
        if let Some(threads) = self.workers {
            builder.worker_threads(threads);
        }
        match builder.thread_name("vela").enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => panic!("vela: cannot start the runtime: {error}"),
        }
    }
}

/// Stops the runtime without waiting for blocking work that never ends, also when the body panics.
struct Stopping(Option<Runtime>);

impl Drop for Stopping {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}

/// Names a runtime as the one for threads that have none, until dropped.
struct Registered(bool);

impl Registered {
    fn new(handle: &Handle) -> Self {
        let mut main = MAIN.write();
        let free = main.is_none();
        if free {
            *main = Some(handle.clone());
        }
        Self(free)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if self.0 {
            let old = MAIN.write().take();
            drop(old);
        }
    }
}

/// What `#[vela::main]` expands to: builds the runtime, runs the body, then drops the tasks that are left.
///
/// As in Go, the program does not wait for tasks when its main function returns: they are dropped at their
/// next `.await`. Blocking tasks get 100 ms.
///
/// # Panics
///
/// If the runtime cannot be started, or in an async context, or if the body panics.
#[doc(hidden)]
#[track_caller]
pub fn block_on_main<F: Future>(options: RuntimeOptions, future: F) -> F::Output {
    options.apply();
    let runtime = Stopping(Some(options.build(Flavor::MultiThread)));
    let Some(inner) = &runtime.0 else { unreachable!("just built") };
    // Declared after the runtime, so that it is unregistered before it stops.
    let _registered = Registered::new(inner.handle());
    inner.block_on(future)
}

/// What `#[vela::test]` expands to: like [`block_on_main`], on one thread by default, and known to nobody else.
#[doc(hidden)]
#[track_caller]
pub fn block_on_test<F: Future>(options: RuntimeOptions, future: F) -> F::Output {
    options.apply();
    let runtime = Stopping(Some(options.build(Flavor::CurrentThread)));
    let Some(inner) = &runtime.0 else { unreachable!("just built") };
    inner.block_on(future)
}
