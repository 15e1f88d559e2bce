//! The seam between Vela and the executor: spawning, the clock, timers, yield points, the cooperative
//! budget, and the runtime that is there when nobody started one.
//!
//! Everything in this crate that starts a task or looks at the time goes through this file, so that another
//! executor can take Tokio's place here and nowhere else.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use pin_project_lite::pin_project;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop;

pub(crate) use tokio::task::{AbortHandle, Id, JoinError, JoinHandle};

// ------------------------------------------------------------------------------------------- which runtime

/// The runtime of `#[vela::main]`, while it runs: plain threads that have no runtime of their own use it.
static MAIN: RwLock<Option<Handle>> = RwLock::new(None);

/// Whether the panic of a task ends the process (`#[vela::main(on_panic = "abort")]`).
static ABORT_ON_PANIC: AtomicBool = AtomicBool::new(false);

/// How long `#[vela::main]` waits, once its body has ended, for blocking tasks that still run.
const SHUTDOWN: Duration = Duration::from_millis(100);

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
pub(crate) fn spawn<F>(future: F, inside: bool) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    if inside {
        return tokio::spawn(future);
    }
    match Handle::try_current() {
        Ok(handle) => handle.spawn(future),
        Err(_) => fallback().spawn(future),
    }
}

/// Runs `work` on the thread pool for blocking work.
pub(crate) fn spawn_blocking<T, W>(work: W) -> JoinHandle<T>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    handle().spawn_blocking(work)
}

/// The executor's number for the running task.
pub(crate) fn current_id() -> Option<Id> {
    tokio::task::try_id()
}

/// Gives way once: the other tasks that are ready run before the caller goes on.
pub(crate) async fn yield_now() {
    tokio::task::yield_now().await;
}

// ---------------------------------------------------------------------------------------- clock and timers

/// What the clock shows.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Stands for "never" where an instant is asked for: 30 years, which every platform's clock can hold.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// `start + d`, and a far instant where that overflows.
pub(crate) fn saturating_add(start: Instant, d: Duration) -> Instant {
    start.checked_add(d).or_else(|| start.checked_add(FAR)).unwrap_or(start)
}

pin_project! {
    /// A timer of the executor. It is not charged to the cooperative budget: a timer that waits beside a
    /// greedy future must be able to fire.
    #[derive(Debug)]
    pub(crate) struct Timer {
        #[pin]
        sleep: tokio::time::Sleep,
    }
}

impl Timer {
    /// A timer for `deadline`; it is registered when it is first polled.
    pub(crate) fn at(deadline: Instant) -> Self {
        let deadline = tokio::time::Instant::from_std(deadline);
        let sleep = if Handle::try_current().is_ok() {
            tokio::time::sleep_until(deadline)
        } else {
            let handle = fallback();
            let _context = handle.enter();
            tokio::time::sleep_until(deadline)
        };
        Self { sleep }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.sleep.deadline().into_std()
    }

    pub(crate) fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().sleep.reset(tokio::time::Instant::from_std(deadline));
    }

    /// Waits for `deadline` with the timer in `slot`, which is made or moved as needed. Ready at once when
    /// the deadline has passed: then no timer is made.
    pub(crate) fn poll_until(mut slot: Pin<&mut Option<Self>>, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        match slot.as_mut().as_pin_mut() {
            Some(timer) if timer.deadline() == deadline => {}
            Some(timer) => timer.reset(deadline),
            None if now() >= deadline => return Poll::Ready(()),
            None => slot.set(Some(Self::at(deadline))),
        }
        match slot.as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        pin!(coop::unconstrained(self.project().sleep)).poll(cx)
    }
}

// ------------------------------------------------------------------------------------------------- budget

/// The right to do one operation now, out of the task's cooperative budget. Nothing is charged unless
/// [`charge`](Self::charge) is called.
#[must_use]
pub(crate) struct Budget(coop::RestoreOnPending);

impl Budget {
    /// The operation was completed: it counts.
    pub(crate) fn charge(self) {
        self.0.made_progress();
    }
}

/// Asks for the budget of one operation. `Pending`: it is exhausted, the task is woken again at once, and the
/// caller must give way without taking that for "nothing there".
///
/// Not for a caller that polls foreign futures between this call and the drop of the [`Budget`]: the drop
/// would give back what they were charged. Such a caller uses [`poll_has_budget`] and [`charge`].
pub(crate) fn poll_budget(cx: &mut Context<'_>) -> Poll<Budget> {
    coop::poll_proceed(cx).map(Budget)
}

/// Like [`poll_budget`], without reserving anything.
#[allow(dead_code, reason = "for the select engine")]
pub(crate) fn poll_has_budget(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_remaining() {
        return Poll::Ready(());
    }
    // The budget is exhausted, so that this registers the waker and says `Pending`.
    coop::poll_proceed(cx).map(drop)
}

/// Charges one completed operation; nothing happens if the budget is exhausted already.
#[allow(dead_code, reason = "for the select engine")]
pub(crate) fn charge(cx: &mut Context<'_>) {
    if coop::has_budget_remaining()
        && let Poll::Ready(budget) = coop::poll_proceed(cx)
    {
        budget.made_progress();
    }
}

// ------------------------------------------------------------------------------------------------ blocking

/// Refuses to block a thread that drives tasks, whether or not the operation would have to wait.
///
/// `op` is the name of the operation, as the user wrote it. Cheap on a thread without a runtime.
///
/// # Panics
///
/// In an async context, by Tokio's own notion of it: inside a task or `block_on`, but neither in
/// `spawn_blocking` nor in `block_in_place`.
#[track_caller]
pub(crate) fn assert_may_block(op: &str) {
    if Handle::try_current().is_ok() {
        probe_for_async_context(op, Location::caller());
    }
}

/// Tokio answers the question only by a panic, of one of its own blocking calls; so one is made that never
/// waits. The mutex is a local one, so that threads do not meet on it.
#[track_caller]
fn probe_for_async_context(op: &str, caller: &'static Location<'static>) {
    let probe = tokio::sync::Mutex::const_new(());
    // `Location::caller` of the probe is the user's line only if no closure stands between; the hook prints
    // that line with Tokio's words, and ours follow.
    let blocked = std::panic::catch_unwind(AssertUnwindSafe(|| drop(probe.blocking_lock())));
    if blocked.is_err() {
        let message = format!(
            "vela: `{op}` at {caller} blocks its thread, and was called in an async context, where that would \
             hold up other tasks: use the `.await` form, or call it in `vela::task::spawn_blocking`"
        );
        eprintln!("{message}");
        // The hook has run for Tokio's panic: this goes on with the same panic, and a message of our own.
        std::panic::resume_unwind(Box::new(message));
    }
}

/// Runs `future` on this thread, which sleeps while it is pending. Needs no runtime and starts none.
pub(crate) fn park_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            // Another `unpark` may end this early: the future is then polled once too often.
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Runs a future to its end on a thread that drives no tasks, and sleeps meanwhile.
///
/// Timers and new tasks go to the thread's runtime (in `spawn_blocking`), else to that of `#[vela::main]`, else to a
/// global multi-thread one that is started when it is first needed.
///
/// # Panics
///
/// In an async context: use `.await` there.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::time::{ms, sleep};
///
/// let n = vela::block_on(async {
///     sleep(ms(1)).await;
///     7
/// });
/// assert_eq!(n, 7);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    assert_may_block("block_on");
    handle().block_on(future)
}

// ------------------------------------------------------------------------------------------- entry points

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
        Self { flavor: None, workers: None, abort_on_panic: false }
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
    if options.abort_on_panic {
        ABORT_ON_PANIC.store(true, Ordering::Relaxed);
    }
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
    if options.abort_on_panic {
        ABORT_ON_PANIC.store(true, Ordering::Relaxed);
    }
    let runtime = Stopping(Some(options.build(Flavor::CurrentThread)));
    let Some(inner) = &runtime.0 else { unreachable!("just built") };
    inner.block_on(future)
}
