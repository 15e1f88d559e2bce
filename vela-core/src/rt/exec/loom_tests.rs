//! loom on the state word, the idle and searching runners, and the gate: `cargo xtask loom`.
#![allow(unsafe_code)]

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::gate::Gate;
use super::idle::Idle;
use super::state::{Begin, Detached, End, Output, State, Wake};

/// What surrounds a state word in a task, with cells whose uses loom checks.
struct Task {
    state: State,
    /// Belongs to who holds ACTIVE.
    future: UnsafeCell<()>,
    output: UnsafeCell<Option<Result<(), ()>>>,
    slot: UnsafeCell<bool>,
    /// How often it is in a queue.
    queued: Mutex<usize>,
    woken: AtomicUsize,
    freed: AtomicUsize,
}

impl Task {
    /// A task in a queue; so many wakers.
    fn queued(wakers: usize) -> Arc<Self> {
        let state = State::new();
        (0..wakers).for_each(|_| state.add_ref());
        Arc::new(Self {
            state,
            future: UnsafeCell::new(()),
            output: UnsafeCell::new(None),
            slot: UnsafeCell::new(false),
            queued: Mutex::new(1),
            woken: AtomicUsize::new(0),
            freed: AtomicUsize::new(0),
        })
    }

    fn enqueue(&self) {
        let mut queued = self.queued.lock().unwrap();
        *queued += 1;
        assert_eq!(*queued, 1, "it is queued twice");
    }

    fn pop(&self) -> bool {
        std::mem::take(&mut *self.queued.lock().unwrap()) == 1
    }

    fn wake(&self, gives: bool, cancels: bool) {
        match self.state.wake(gives, cancels, || Some(())) {
            Wake::Enqueue(()) => self.enqueue(),
            Wake::Unused if gives => self.release(),
            Wake::Unused | Wake::Nothing => {}
        }
    }

    fn release(&self) {
        if self.state.release() {
            self.future.with_mut(|_| ());
            self.output.with_mut(|_| ());
            self.slot.with_mut(|_| ());
            assert_eq!(self.freed.fetch_add(1, Ordering::Relaxed), 0, "it is freed twice");
        }
    }

    /// Whether it has ended.
    fn run(&self, poll: impl Fn() -> bool) -> bool {
        if self.state.begin() == Begin::Cancelled {
            self.complete(Err(()));
            return true;
        }
        if self.future.with_mut(|_| poll()) {
            self.complete(Ok(()));
            return true;
        }
        match self.state.end() {
            End::Idle => false,
            End::Again => {
                self.enqueue();
                false
            }
            End::Cancelled => {
                self.complete(Err(()));
                true
            }
        }
    }

    fn complete(&self, result: Result<(), ()>) {
        self.future.with_mut(|_| ());
        // SAFETY: loom reports it if it is not exclusive; so below.
        self.output.with_mut(|output| unsafe { *output = Some(result) });
        if self.state.complete_quietly() {
            return;
        }
        match self.state.complete() {
            Output::Callers => self.output.with_mut(|_| ()),
            Output::Handles => {}
            Output::Awaited => {
                // SAFETY: as above.
                if self.slot.with_mut(|slot| unsafe { std::mem::take(&mut *slot) }) {
                    self.woken.fetch_add(1, Ordering::Release);
                }
            }
        }
        self.release();
    }

    /// The join handle is polled. False: it is ready.
    fn wait(&self) -> bool {
        self.state.withdraw() && {
            // SAFETY: as above.
            self.slot.with_mut(|slot| unsafe { *slot = true });
            self.state.offer()
        }
    }

    fn take(&self) -> Option<Result<(), ()>> {
        // SAFETY: as above.
        self.output.with_mut(|output| unsafe { (*output).take() })
    }

    fn detach(&self) {
        match self.state.detach() {
            Detached::Whole => return,
            Detached::Slot => self.slot.with_mut(|_| ()),
            Detached::Output => self.output.with_mut(|_| ()),
        }
        self.release();
    }

    fn is_freed(&self) -> bool {
        self.freed.load(Ordering::Relaxed) == 1
    }
}

#[test]
fn loom_no_wake_of_a_task_is_lost() {
    // Two wakers that have written something before; the last poll sees both.
    loom::model(|| {
        let task = Task::queued(2);
        let written = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let wakers = [0, 1].map(|n| {
            let (task, written) = (task.clone(), written.clone());
            thread::spawn(move || {
                written[n].store(1, Ordering::Relaxed);
                task.wake(true, false);
            })
        });
        let poll = || written.iter().all(|written| written.load(Ordering::Relaxed) == 1);
        let mut ended = false;
        for _ in 0..2 {
            ended = ended || task.pop() && task.run(poll);
        }
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        while !ended && task.pop() {
            ended = task.run(poll);
        }
        assert!(ended, "a wake was lost");
        task.detach();
        assert!(task.is_freed());
    });
}

#[test]
fn loom_two_runners_a_wake_and_an_abort() {
    // A task that moves between runners is polled by one at a time, ends once, and is freed once.
    loom::model(|| {
        let task = Task::queued(1);
        let (other, waker) = (task.clone(), task.clone());
        let waker = thread::spawn(move || waker.wake(true, false));
        let other = thread::spawn(move || other.pop() && other.run(|| false));
        let mut ended = task.pop() && task.run(|| false);
        task.wake(false, true);
        waker.join().unwrap();
        ended |= other.join().unwrap();
        while !ended && task.pop() {
            ended = task.run(|| false);
        }
        assert!(ended);
        assert_eq!(task.take(), Some(Err(())));
        task.detach();
        assert!(task.is_freed());
    });
}

#[test]
fn loom_an_idle_task_is_claimed_or_ends_by_itself() {
    // At the end of a runtime, while a thread wakes the task.
    loom::model(|| {
        let task = Task::queued(1);
        assert!(task.pop() && !task.run(|| false));
        let waker = task.clone();
        let waker = thread::spawn(move || waker.wake(true, false));
        if task.state.claim_cancelled() {
            task.complete(Err(()));
            waker.join().unwrap();
        } else {
            waker.join().unwrap();
            assert!(task.pop() && task.run(|| unreachable!("it was cancelled")));
        }
        assert!(!task.pop());
        task.detach();
        assert!(task.is_freed());
    });
}

#[test]
fn loom_a_join_handle_waits_while_its_task_ends() {
    for drops in [false, true] {
        loom::model(move || {
            let task = Task::queued(0);
            let runner = task.clone();
            let runner = thread::spawn(move || assert!(runner.pop() && runner.run(|| true)));
            let waits = task.wait() && task.wait();
            if drops {
                task.detach();
                runner.join().unwrap();
                assert!(task.is_freed());
                return;
            }
            if waits {
                runner.join().unwrap();
                assert_eq!(task.woken.load(Ordering::Acquire), 1, "who waits was not woken");
                assert!(!task.wait());
                assert_eq!(task.take(), Some(Ok(())));
                task.detach();
            } else {
                assert_eq!(task.take(), Some(Ok(())));
                task.detach();
                runner.join().unwrap();
            }
            assert!(task.is_freed());
        });
    }
}

/// A queue, as a number.
struct Tasks {
    queue: Mutex<usize>,
    len: AtomicUsize,
}

impl Tasks {
    fn none() -> Self {
        Self { queue: Mutex::new(0), len: AtomicUsize::new(0) }
    }

    /// Says afterwards, without the lock, what `len` is to the others: as the injector does, or a runner's queue.
    fn change(&self, order: Ordering, change: impl FnOnce(&mut usize)) -> usize {
        let mut queue = self.queue.lock().unwrap();
        let before = *queue;
        change(&mut queue);
        self.len.store(*queue, order);
        before
    }
}

/// The injector, and the queue of runner 0, to which others bring tasks.
struct Work {
    injector: Tasks,
    own: Tasks,
    idle: Idle,
    /// A bit for each runner that was woken.
    woken: AtomicUsize,
}

impl Work {
    /// With these runners asleep.
    fn none(idle: u64) -> Arc<Self> {
        Arc::new(Self {
            injector: Tasks::none(),
            own: Tasks::none(),
            idle: Idle::new(idle),
            woken: AtomicUsize::new(0),
        })
    }

    fn inject(&self) {
        self.injector.change(Ordering::SeqCst, |queue| *queue += 1);
        self.notify();
    }

    /// As `Shared::join`, to runner 0.
    fn bring(&self) {
        self.own.change(Ordering::Relaxed, |queue| *queue += 1);
        if self.idle.call_one(0) {
            self.wake(0);
        }
    }

    fn notify(&self) {
        if let Some(runner) = self.idle.call() {
            self.wake(runner);
        }
    }

    fn wake(&self, runner: usize) {
        self.woken.fetch_or(1 << runner, Ordering::SeqCst);
    }

    fn take(&self) -> bool {
        self.injector.len.load(Ordering::SeqCst) != 0
            && self.injector.change(Ordering::SeqCst, |queue| *queue = queue.saturating_sub(1)) != 0
    }

    fn pop(&self) -> bool {
        self.own.change(Ordering::Relaxed, |queue| *queue = queue.saturating_sub(1)) != 0
    }

    /// A poll of runner `me`, as in runner.rs: how many tasks it has run. Runner 0 `has_own` tasks.
    fn poll(&self, me: usize, has_own: bool) -> usize {
        let has_own = has_own && me == 0;
        let mut searching = self.idle.awake(me);
        let mut count = 0;
        loop {
            if has_own && self.pop() || self.take() {
                count += 1;
                if std::mem::take(&mut searching)
                    && self.idle.searched()
                    && self.injector.len.load(Ordering::SeqCst) != 0
                {
                    self.notify();
                }
                continue;
            }
            if std::mem::take(&mut searching) {
                self.idle.searched();
            }
            let work = || {
                self.injector.len.load(Ordering::SeqCst) != 0 || has_own && self.own.len.load(Ordering::Relaxed) != 0
            };
            if self.idle.sleep(me, work) {
                return count;
            }
        }
    }

    /// Tokio polls who was woken: how many tasks they have run.
    fn poll_woken(&self, has_own: bool) -> usize {
        let mut count = 0;
        loop {
            let woken = self.woken.swap(0, Ordering::SeqCst);
            if woken == 0 {
                return count;
            }
            count += (0..2).filter(|me| woken & 1 << me != 0).map(|me| self.poll(me, has_own)).sum::<usize>();
        }
    }
}

#[test]
fn loom_no_runner_sleeps_while_there_is_work() {
    for idle in [0, 0b10] {
        loom::model(move || {
            let work = Work::none(idle);
            let threads = [(); 2].map(|()| {
                let work = work.clone();
                thread::spawn(move || work.inject())
            });
            let mut count = work.poll(0, false);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            count += work.poll_woken(false);
            assert_eq!(count, 2, "work is left, and all sleep");
            assert!(!work.idle.is_searched());
        });
    }
}

#[test]
fn loom_who_finds_all_awake_looks_again_for_those_who_relied_on_it() {
    // One of three calls the runner, which sleeps again before the second sees that; the third leaves his task to the second.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.map(|bound| bound.max(4));
    model.check(|| {
        let work = Work::none(0b01);
        let threads = [(); 2].map(|()| {
            let work = work.clone();
            thread::spawn(move || work.inject())
        });
        work.inject();
        let mut count = work.poll_woken(false);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        count += work.poll_woken(false);
        assert_eq!(count, 3, "work is left, and all sleep");
    });
}

#[test]
fn loom_no_runner_sleeps_while_tasks_are_brought_to_it() {
    loom::model(|| {
        let work = Work::none(0);
        let threads = [(); 2].map(|()| {
            let work = work.clone();
            thread::spawn(move || work.bring())
        });
        let mut count = work.poll(0, true);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        count += work.poll_woken(true);
        assert_eq!(count, 2, "what was brought is left, and its runner sleeps");
    });
}

#[test]
fn loom_a_runner_is_called_and_brought_tasks_at_once() {
    // Awake or asleep at first: whichever of the two wakes it, both tasks are run.
    for idle in [0, 0b01] {
        loom::model(move || {
            let work = Work::none(idle);
            let (one, other) = (work.clone(), work.clone());
            let threads = [thread::spawn(move || one.bring()), thread::spawn(move || other.inject())];
            let mut count = if idle == 0 { work.poll(0, true) } else { 0 };
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            count += work.poll_woken(true);
            assert_eq!(count, 2, "work is left, and all sleep");
            assert!(!work.idle.is_searched());
        });
    }
}

#[test]
fn loom_closing_waits_for_who_has_passed_the_gate() {
    loom::model(|| {
        let shared = Arc::new((Gate::new(), AtomicUsize::new(0)));
        let threads = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || {
                let passed = shared.0.enter();
                if passed {
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    shared.0.leave();
                }
                passed
            })
        });
        assert!(shared.0.close());
        let seen = shared.1.load(Ordering::Relaxed);
        let passed = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|&passed| passed).count();
        assert_eq!(seen, passed);
        assert!(!shared.0.enter());
    });
}
