//! Tasks: starting, joining, cancelling, panics, and what `go!` decides by type.
#![allow(clippy::needless_borrow, clippy::unit_arg, reason = "the shapes that the macros expand to")]

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use vela_core as vela;
use vela_core::__private::{
    ErrFails, NeverFails, OpaqueErrFails, Outcome, ViaAny as _, ViaFuture as _, ViaResult as _, ViaValue as _,
    call_result,
};
use vela_core::__private::{block_on_main, block_on_test};
use vela_core::RuntimeOptions;
use vela_core::ops::Receive as _;
use vela_core::select::one;
use vela_core::task::{Task, TaskBuilder, TaskError, current, panic_count, spawn, spawn_blocking, yield_now};

/// Runs the body on a multi-thread and on a current-thread runtime.
fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

#[derive(Default)]
struct Flag(AtomicUsize);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Sets its flag when dropped.
struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

// ------------------------------------------------------------------------------------------------ starting

/// Polls once: whether the future is pending.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[test]
fn spawn_starts_a_runtime_where_there_is_none() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let task = spawn(async {
        yield_now().await;
        7
    });
    assert_eq!(task.join_blocking().unwrap(), 7);
}

#[test]
fn spawn_uses_the_runtime_it_is_called_in() {
    on_both(|| async {
        let here = tokio::runtime::Handle::current().id();
        assert_eq!(spawn(async { tokio::runtime::Handle::current().id() }).await.unwrap(), here);
        // From inside a task of Vela's, too.
        let inner = spawn(async { spawn(async { tokio::runtime::Handle::current().id() }).await.unwrap() });
        assert_eq!(inner.await.unwrap(), here);
    });
}

#[test]
fn plain_threads_use_the_runtime_of_main() {
    let (main, other) = block_on_main(RuntimeOptions::new().multi_thread().worker_threads(1), async {
        let task = spawn_blocking(|| {
            std::thread::spawn(|| spawn(async { tokio::runtime::Handle::current().id() }).join_blocking().unwrap())
                .join()
                .unwrap()
        });
        (tokio::runtime::Handle::current().id(), task.await.unwrap())
    });
    assert_eq!(main, other);
}

#[test]
fn main_does_not_wait_for_blocking_tasks_that_never_end() {
    let (tx, rx) = std::sync::mpsc::channel::<()>();
    block_on_main(RuntimeOptions::new(), async {
        spawn_blocking(move || rx.recv().ok());
    });
    drop(tx);
}

#[test]
fn main_drops_the_tasks_that_are_left() {
    let dropped = Arc::new(AtomicBool::new(false));
    let guard = OnDrop(Arc::clone(&dropped));
    block_on_main(RuntimeOptions::new().current_thread(), async {
        spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
    });
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn yield_now_lets_others_run_first() {
    block_on_test(RuntimeOptions::new(), async {
        let ran = Arc::new(AtomicBool::new(false));
        let task = spawn({
            let ran = Arc::clone(&ran);
            async move { ran.store(true, Ordering::SeqCst) }
        });
        yield_now().await;
        assert!(ran.load(Ordering::SeqCst));
        task.await.unwrap();
    });
}

// ------------------------------------------------------------------------------------------------- joining

#[test]
fn a_task_is_joined_by_value_by_reference_and_by_receiving() {
    on_both(|| async {
        assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
        let task = spawn(async { 2 });
        assert_eq!((&task).await.unwrap(), 2);
        assert!(matches!((&task).await, Err(TaskError::AlreadyJoined)));
        let task = spawn(async { 3 });
        assert_eq!(one(task.receive()).await.unwrap(), 3);
        assert!(matches!(task.await, Err(TaskError::AlreadyJoined)));
    });
}

#[test]
fn a_join_that_is_dropped_loses_neither_task_nor_outcome() {
    on_both(|| async {
        let (tx, rx) = vela::oneshot::channel();
        let task = spawn(async move { rx.recv().await });
        {
            let mut join = pin!(task.join());
            assert!(is_pending(join.as_mut()).await);
        }
        tx.send(5).ok();
        assert_eq!(task.await.unwrap(), Some(5));
    });
}

#[test]
fn of_two_that_join_one_task_one_gets_the_outcome_and_both_wake() {
    on_both(|| async {
        let (tx, rx) = vela::oneshot::channel::<u8>();
        let task = Arc::new(spawn(async move { rx.recv().await }));
        let joins: Vec<_> = (0..8)
            .map(|_| {
                let task = Arc::clone(&task);
                spawn(async move { task.join().await })
            })
            .collect();
        yield_now().await;
        tx.send(1).ok();
        let mut got = 0;
        for join in joins {
            match join.await.unwrap() {
                Ok(value) => {
                    assert_eq!(value, Some(1));
                    got += 1;
                }
                Err(error) => assert!(matches!(error, TaskError::AlreadyJoined)),
            }
        }
        assert_eq!(got, 1);
    });
}

#[test]
fn a_dropped_join_passes_the_wake_up_on() {
    block_on_test(RuntimeOptions::new(), async {
        let (tx, rx) = vela::oneshot::channel::<u8>();
        let task = spawn(async move { rx.recv().await });
        let (first, second) = (Arc::new(Flag::default()), Arc::new(Flag::default()));
        let (first_waker, second_waker) = (Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second)));
        let mut early = Box::pin(task.join());
        let mut late = Box::pin(task.join());
        assert!(early.as_mut().poll(&mut Context::from_waker(&first_waker)).is_pending());
        assert!(late.as_mut().poll(&mut Context::from_waker(&second_waker)).is_pending());
        tx.send(1).ok();
        while !task.is_finished() {
            yield_now().await;
        }
        // The executor has woken `late`, which goes without looking: then `early` must learn of it.
        drop(late);
        assert_eq!(first.0.load(Ordering::SeqCst), 1);
        assert!(early.as_mut().poll(&mut Context::from_waker(&first_waker)).is_ready());
    });
}

#[test]
fn dropping_the_handle_detaches() {
    on_both(|| async {
        let (tx, rx) = vela::oneshot::channel();
        drop(spawn(async move {
            yield_now().await;
            tx.send(9)
        }));
        assert_eq!(rx.recv().await, Some(9));
    });
}

#[test]
fn cancel_drops_the_task() {
    on_both(|| async {
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = OnDrop(Arc::clone(&dropped));
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(!task.is_finished());
        task.cancel();
        let error = (&task).await.unwrap_err();
        assert!(error.is_cancelled() && dropped.load(Ordering::SeqCst) && task.is_finished());
        // Once more, and after the end: nothing happens.
        task.cancel();
    });
}

#[test]
fn cancel_after_the_end_keeps_the_outcome() {
    on_both(|| async {
        let task = spawn(async { 3 });
        while !task.is_finished() {
            yield_now().await;
        }
        task.cancel();
        assert_eq!(task.await.unwrap(), 3);
    });
}

// ------------------------------------------------------------------------------------------ names and sites

#[test]
fn a_task_knows_name_number_and_the_line_it_was_spawned_at() {
    on_both(|| async {
        let (task, line) = (TaskBuilder::new().name("fetch").spawn(async { current() }), line!());
        assert_eq!((task.name(), task.spawned_at().line()), (Some("fetch"), line));
        assert_eq!(task.spawned_at().file(), file!());
        let id = task.id().unwrap();
        let info = task.await.unwrap().unwrap();
        assert_eq!((info.id(), info.name(), info.spawned_at().line()), (id, Some("fetch"), line));
        assert_eq!(info.to_string(), format!("task {id} \"fetch\" spawned at {}:{line}:62", file!()));

        let (task, line) = (spawn(async { current() }), line!());
        let info = task.await.unwrap().unwrap();
        assert_eq!((info.name(), info.spawned_at().line()), (None, line));
    });
}

#[test]
fn a_computed_name_works() {
    let task = TaskBuilder::new().name(format!("shard {}", 3)).spawn(async {});
    assert_eq!(task.name(), Some("shard 3"));
}

#[test]
fn outside_of_velas_tasks_none_is_current() {
    assert!(current().is_none());
    on_both(|| async {
        assert!(current().is_none());
        assert!(tokio::spawn(async { current().is_none() }).await.unwrap());
        // A task that was polled before leaves nothing behind.
        TaskBuilder::new().name("x").spawn(async {}).await.unwrap();
        assert!(current().is_none());
    });
}

#[test]
fn a_blocking_task_is_current_in_its_thread() {
    block_on_test(RuntimeOptions::new(), async {
        let task = TaskBuilder::new().name("disk").spawn_blocking(current);
        let id = task.id();
        let info = task.await.unwrap().unwrap();
        assert_eq!((Some(info.id()), info.name()), (id, Some("disk")));
    });
}

// -------------------------------------------------------------------------------------------------- panics

#[test]
fn a_panic_reaches_the_join_with_message_payload_name_and_site() {
    on_both(|| async {
        let (before, byte) = (panic_count(), std::hint::black_box(7));
        let (task, line) = (TaskBuilder::new().name("parser").spawn(async move { panic!("bad byte {byte}") }), line!());
        let panic = task.await.unwrap_err().into_panic().unwrap();
        assert_eq!((panic.message(), panic.name(), panic.spawned_at().line()), ("bad byte 7", Some("parser"), line));
        assert!(panic.to_string().starts_with("task \"parser\" spawned at "));
        assert!(panic.to_string().ends_with(" panicked: bad byte 7"));
        assert_eq!(*panic.into_payload().downcast::<String>().unwrap(), "bad byte 7");
        assert!(panic_count() > before);
    });
}

#[test]
fn a_payload_that_is_not_text_survives() {
    on_both(|| async {
        let task: Task<()> = spawn(async { std::panic::panic_any(42_u64) });
        let panic = task.await.unwrap_err().into_panic().unwrap();
        assert_eq!(panic.message(), "a payload that is not text");
        assert_eq!(*panic.into_payload().downcast::<u64>().unwrap(), 42);
    });
}

#[test]
fn a_panic_in_a_blocking_task_reaches_the_join() {
    on_both(|| async {
        let task: Task<()> = spawn_blocking(|| panic!("disk"));
        assert_eq!(task.await.unwrap_err().into_panic().unwrap().message(), "disk");
    });
}

/// Set in those processes, so that `--ignored` alone does not run what ends them.
const CHILD: &str = "VELA_TEST_CHILD";

/// Runs one of the ignored tests below in a process of its own: whether it ended well, and what it wrote to stderr.
fn run_child(test: &str) -> (bool, String) {
    let exe = std::env::current_exe().unwrap();
    let output =
        Command::new(exe).args(["--exact", test, "--ignored", "--nocapture"]).env(CHILD, "1").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
#[ignore = "run by a_panic_of_a_detached_task_is_reported"]
fn child_detached_panic() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    block_on_main(RuntimeOptions::new(), async {
        let before = panic_count();
        drop::<Task<()>>(TaskBuilder::new().name("quiet").spawn(async { panic!("nobody joins me") }));
        while panic_count() == before {
            yield_now().await;
        }
    });
}

#[test]
fn a_panic_of_a_detached_task_is_reported() {
    let (success, stderr) = run_child("child_detached_panic");
    assert!(success, "{stderr}");
    let line = stderr.lines().find(|line| line.starts_with("vela: task ")).expect(&stderr);
    assert!(line.contains("\"quiet\" spawned at ") && line.contains("task.rs:"), "{line}");
    assert!(line.ends_with("panicked: nobody joins me"), "{line}");
}

#[test]
#[ignore = "run by abort_on_panic_ends_the_process"]
fn child_abort_on_panic() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    block_on_main(RuntimeOptions::new().abort_on_panic(), async {
        spawn::<_>(async {
            if true {
                panic!("fatal")
            }
        });
        pending::<()>().await;
    });
}

#[test]
fn abort_on_panic_ends_the_process() {
    let (success, stderr) = run_child("child_abort_on_panic");
    assert!(!success);
    assert!(stderr.contains("panicked: fatal"), "{stderr}");
}

// ------------------------------------------------------------------------------------------------ blocking

fn blocks() -> bool {
    let task = spawn(async {});
    catch_unwind(AssertUnwindSafe(|| task.join_blocking().unwrap()))
        .map_err(|payload| {
            let message = payload.downcast::<String>().unwrap();
            assert!(message.contains("`Task::join_blocking` at ") && message.contains("async context"), "{message}");
        })
        .is_ok()
}

#[test]
fn a_blocking_call_is_refused_in_an_async_context_and_fine_elsewhere() {
    assert!(blocks());
    on_both(|| async {
        // In `block_on` itself, and in a task; even where it would not have to wait.
        assert!(!blocks());
        assert!(!spawn(async { blocks() }).await.unwrap());
        assert!(spawn_blocking(blocks).await.unwrap());
        assert!(std::thread::spawn(blocks).join().unwrap());
    });
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), async {
        assert!(spawn(async { tokio::task::block_in_place(blocks) }).await.unwrap());
    });
}

#[test]
fn a_runtime_that_is_only_entered_may_be_blocked() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _context = runtime.enter();
    assert!(blocks());
}

#[test]
fn block_on_works_on_plain_threads_and_in_blocking_tasks_only() {
    assert_eq!(vela::block_on(async { 1 }), 1);
    on_both(|| async {
        assert_eq!(spawn_blocking(|| vela::block_on(async { 2 })).await.unwrap(), 2);
        assert!(catch_unwind(|| vela::block_on(async { 3 })).is_err());
    });
}

// ------------------------------------------------------------------------------------- what `go!` decides

async fn async_fn(n: u32) -> u32 {
    yield_now().await;
    n
}

fn unit() {}

fn plain_fn(n: u32) -> u32 {
    n
}

fn fallible_fn(n: u32) -> Result<u32, std::fmt::Error> {
    Ok(n)
}

fn boxed(n: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move { n })
}

#[test]
fn a_call_is_awaited_if_it_gives_a_future_and_is_the_value_otherwise() {
    on_both(|| async {
        assert_eq!(spawn(async move { call_result(async_fn(1)).__vela_resolve().await }).await.unwrap(), 1);
        assert_eq!(spawn(async move { call_result(plain_fn(2)).__vela_resolve().await }).await.unwrap(), 2);
        assert_eq!(spawn(async move { call_result(fallible_fn(3)).__vela_resolve().await }).await.unwrap(), Ok(3));
        assert_eq!(spawn(async move { call_result(boxed(4)).__vela_resolve().await }).await.unwrap(), 4);
        assert_eq!(spawn(async move { call_result(ready("x")).__vela_resolve().await }).await.unwrap(), "x");
        spawn(async move { call_result(unit()).__vela_resolve().await }).await.unwrap();
    });
}

#[test]
fn a_body_that_gives_a_result_can_fail_and_others_cannot() {
    fn fails(_: ErrFails) {}
    fn fails_opaquely(_: OpaqueErrFails) {}
    fn never_fails(_: NeverFails) {}

    let question_mark = async {
        let n = fallible_fn(1)?;
        Ok::<_, vela::Error>(n)
    };
    fails((&Outcome::of(&question_mark)).__vela_outcome());
    let std_error = async { fallible_fn(1) };
    fails((&Outcome::of(&std_error)).__vela_outcome());
    let boxed = async { Err::<(), Box<dyn std::error::Error + Send + Sync>>("boxed".into()) };
    fails((&Outcome::of(&boxed)).__vela_outcome());
    let text = async { Err::<(), _>("text") };
    fails((&Outcome::of(&text)).__vela_outcome());
    let no_error = async { Err::<(), [u8; 2]>([1, 2]) };
    fails_opaquely((&Outcome::of(&no_error)).__vela_outcome());
    let number = async { 1 };
    never_fails((&Outcome::of(&number)).__vela_outcome());
    let option = async { Some(1) };
    never_fails((&Outcome::of(&option)).__vela_outcome());
    let called = async { call_result(fallible_fn(1)).__vela_resolve().await };
    fails((&Outcome::of(&called)).__vela_outcome());
}

// -------------------------------------------------------------------------------------------------- errors

#[test]
fn the_error_type_takes_any_error_and_prints_its_causes() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot read the port")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    fn read() -> vela::Result<()> {
        Err(Outer("x".parse::<u8>().unwrap_err()))?
    }
    let error = read().unwrap_err();
    assert_eq!(error.to_string(), "cannot read the port");
    assert_eq!(format!("{error:?}"), "cannot read the port\n  caused by: invalid digit found in string");
    assert!(error.is::<Outer>() && error.downcast_ref::<std::fmt::Error>().is_none());
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    assert!(vela::Error::from_boxed(boxed).downcast::<Outer>().is_ok());
}

#[test]
fn task_errors_convert_with_a_question_mark() {
    on_both(|| async {
        let joined: vela::Result<u8> = async { Ok(spawn(async { 1 }).await?) }.await;
        assert_eq!(joined.unwrap(), 1);
    });
}
