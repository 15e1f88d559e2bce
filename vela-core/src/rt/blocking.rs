//! Threads that wait: refused where they drive tasks.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::Handle;

use super::{handle, say, seam};

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
    may_block(op, "the `.await` form");
}

/// Panics in an async context: `op` blocks its thread, and there it is to be `instead`. For Vela's other crates.
#[track_caller]
pub fn may_block(op: &str, instead: &str) {
    if seam::simulated() {
        panic!(
            "vela: `{op}` blocks its thread, and a deterministic test has only one: use {instead}, or \
             `#[vela::test(tokio)]`"
        );
    }
    if Handle::try_current().is_ok() {
        probe_for_async_context(op, instead, Location::caller());
    }
}

/// Tokio answers the question only by a panic, of one of its own blocking calls; so one is made that never
/// waits. The mutex is a local one, so that threads do not meet on it.
#[track_caller]
fn probe_for_async_context(op: &str, instead: &str, caller: &'static Location<'static>) {
    let probe = tokio::sync::Mutex::const_new(());
    // `Location::caller` of the probe is the user's line only if no closure stands between; the hook prints
    // that line with Tokio's words, and ours follow.
    let blocked = std::panic::catch_unwind(AssertUnwindSafe(|| drop(probe.blocking_lock())));
    if blocked.is_err() {
        let message = format!(
            "vela: `{op}` at {caller} blocks its thread, and was called in an async context, where that would \
             hold up other tasks: use {instead}, or call it in `vela::task::spawn_blocking`"
        );
        say(format_args!("{message}"));
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

/// Runs `future`, the operation `op`, on this thread, which sleeps meanwhile. For Vela's other crates.
///
/// # Panics
///
/// In an async context.
#[track_caller]
pub fn wait_on_thread<F: Future>(op: &str, future: F) -> F::Output {
    assert_may_block(op);
    park_on(future)
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
