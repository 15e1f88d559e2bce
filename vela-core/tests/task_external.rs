//! Tasks whose work is done elsewhere.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use parking_lot::Mutex;
use vela_core::context::Context as Carried;
use vela_core::task::{OnCancel, TaskBuilder, TaskError, WorkEnd, current, panic_count};

/// Notes what is called, in order, and holds something that is to be dropped on cancel.
#[derive(Default)]
struct Notes {
    log: Arc<Mutex<Vec<&'static str>>>,
    held: Mutex<Option<Held>>,
}

struct Held(Arc<Mutex<Vec<&'static str>>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().push("dropped");
    }
}

impl OnCancel for Notes {
    fn cancelled(&self) {
        self.log.lock().push("cancelled");
        let held = self.held.lock().take();
        drop(held);
    }

    fn settled(&self) {
        self.log.lock().push("settled");
    }
}

fn notes() -> Notes {
    let log = Arc::default();
    let held = Mutex::new(Some(Held(Arc::clone(&log))));
    Notes { log, held }
}

#[test]
fn the_value_comes_back_from_another_thread() {
    let (work, task) = TaskBuilder::new().name("sum").external(());
    assert!(!task.is_finished());
    let thread = thread::spawn(move || assert!(work.run(|| 7, |end| assert_eq!(end, WorkEnd::Returned))));
    assert_eq!((task.name(), task.join_blocking().unwrap()), (Some("sum"), 7));
    assert!(matches!(task.join_blocking(), Err(TaskError::AlreadyJoined)));
    thread.join().unwrap();
}

#[test]
fn cancel_before_it_begins_drops_what_it_holds_before_joiners_hear_of_it() {
    let (work, task) = TaskBuilder::new().external::<u32, _>(notes());
    let log = Arc::clone(&work.payload().log);
    task.cancel();
    assert_eq!(*log.lock(), ["cancelled", "dropped", "settled"]);
    task.cancel();
    work.abandon();
    assert!(!work.run(|| unreachable!("it was cancelled"), |_| unreachable!("nothing has ended")));
    assert!(task.join_blocking().unwrap_err().is_cancelled());
    assert_eq!(log.lock().len(), 3, "cancelled once");
}

#[test]
fn cancel_of_work_that_has_begun_changes_nothing_but_can_be_seen() {
    let (work, task) = TaskBuilder::new().external(notes());
    assert!(work.run(
        || {
            assert!(!work.is_cancelled());
            task.cancel();
            assert!(!task.is_finished());
            work.is_cancelled()
        },
        |_| assert!(!task.is_finished(), "joiners hear of it afterwards"),
    ));
    assert!(task.is_finished());
    assert!(work.payload().log.lock().is_empty());
    assert!(task.join_blocking().unwrap());
    assert!(!work.is_cancelled(), "it has ended");
}

#[test]
fn abandoned_work_reads_as_cancelled_and_work_that_ran_cannot_be_abandoned() {
    let (work, task) = TaskBuilder::new().external::<u32, _>(notes());
    work.abandon();
    assert!(task.join_blocking().unwrap_err().is_cancelled());

    let (work, task) = TaskBuilder::new().external(notes());
    work.run(|| 7, |_| ());
    work.abandon();
    assert!(!work.run(|| 8, |_| ()));
    assert_eq!(task.join_blocking().unwrap(), 7);
}

#[test]
fn a_panic_is_the_tasks_with_its_place_and_its_name() {
    let before = panic_count();
    let line = line!() + 1;
    let (work, task) = TaskBuilder::new().name("hash").external::<u32, _>(());
    work.run(|| panic!("no more memory"), |end| assert_eq!(end, WorkEnd::Panicked));
    let panic = task.join_blocking().unwrap_err().into_panic().unwrap();
    assert_eq!((panic.message(), panic.name()), ("no more memory", Some("hash")));
    assert_eq!((panic.spawned_at().file(), panic.spawned_at().line()), (file!(), line));
    assert!(panic_count() > before);
}

#[test]
fn a_panic_in_the_drop_on_cancel_is_the_tasks() {
    struct Bomb;
    impl OnCancel for Bomb {
        fn cancelled(&self) {
            panic!("in a drop")
        }
    }
    let (_work, task) = TaskBuilder::new().external::<u32, _>(Bomb);
    task.cancel();
    assert_eq!(task.join_blocking().unwrap_err().into_panic().unwrap().message(), "in a drop");
}

#[test]
fn context_name_and_number_are_in_force_where_the_work_is_done() {
    let context = Carried::background().with_value("request 7");
    let (work, task) = context.enter(|| TaskBuilder::new().name("hash").external(()));
    let seen = thread::spawn(move || {
        work.run(|| (Carried::current().value::<&str>().copied(), current().unwrap()), |_| ());
        (Carried::current().value::<&str>().copied(), current().is_none())
    });
    assert_eq!(seen.join().unwrap(), (None, true), "and not afterwards");
    let id = task.id();
    let (value, info) = task.join_blocking().unwrap();
    assert_eq!((value, info.name(), Some(info.id())), (Some("request 7"), Some("hash"), id));
}

#[test]
fn tasks_can_be_started_where_no_runtime_is_current() {
    let (work, task) = TaskBuilder::new().external(());
    thread::spawn(move || work.run(|| vela_core::task::spawn(async { 7 }).join_blocking(), |_| ()));
    assert_eq!(task.join_blocking().unwrap().unwrap(), 7);
}

#[test]
fn a_task_that_is_dropped_is_detached() {
    let (work, task) = TaskBuilder::new().external(notes());
    drop(task);
    assert!(work.run(|| 7, |_| ()));
}

/// On real threads: run, cancel, join and drop of the handle meet. It is done once or cancelled once, and the joiner hears which.
#[test]
fn run_and_cancel_race_for_the_work() {
    struct Count(AtomicUsize);
    impl OnCancel for Count {
        fn cancelled(&self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let mut outcomes = [0; 2];
    for round in 0..2_000 {
        let (work, task) = TaskBuilder::new().external(Count(AtomicUsize::new(0)));
        let task = Arc::new(task);
        let start = std::sync::Barrier::new(3);
        let (ran, joined) = thread::scope(|scope| {
            let ran = scope.spawn(|| {
                start.wait();
                work.run(|| round, |_| ())
            });
            scope.spawn(|| {
                start.wait();
                task.cancel();
            });
            start.wait();
            let joined = task.join_blocking();
            (ran.join().unwrap(), joined)
        });
        let cancelled = work.payload().0.load(SeqCst);
        assert_eq!(usize::from(ran) + cancelled, 1);
        match joined {
            Ok(value) => assert!(ran && value == round),
            Err(error) => assert!(!ran && error.is_cancelled()),
        }
        outcomes[cancelled] += 1;
    }
    println!("{outcomes:?}");
}

/// Who keeps the work hears after who joins, though that one panics when he is woken.
#[test]
fn who_keeps_the_work_hears_last_and_whatever_panics() {
    struct Joiner(Arc<Mutex<Vec<&'static str>>>);
    impl Wake for Joiner {
        fn wake(self: Arc<Self>) {
            self.0.lock().push("woken");
            panic!("a waker");
        }
    }
    let (work, task) = TaskBuilder::new().external::<u32, _>(notes());
    let log = Arc::clone(&work.payload().log);
    let mut join = pin!(task.join());
    let waker = Arc::new(Joiner(Arc::clone(&log))).into();
    assert!(join.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    catch_unwind(AssertUnwindSafe(|| work.abandon())).unwrap_err();
    assert_eq!(*log.lock(), ["cancelled", "dropped", "woken", "settled"]);
    assert!(
        matches!(join.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(error)) if error.is_cancelled())
    );
}
