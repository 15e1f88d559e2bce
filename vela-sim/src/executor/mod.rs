//! Runs one schedule: tasks, who is ready, and steps, until everything has ended or nothing can go on.
//!
//! A task is *ready* (somebody has woken it), *blocked*, *held* (delayed by a fault), *running* or *gone*:
//!
//! | | woken | chosen | its poll is pending | … after it was woken | … is over |
//! |---|---|---|---|---|---|
//! | ready | ready | running | | | |
//! | blocked | ready | running (a spurious poll) | | | |
//! | held | held | | | | |
//! | running | running, noted | | blocked | ready | gone |
//!
//! - E1: `ready` holds exactly the tasks that are ready, in ascending order: so it does not matter in which order they were
//!   woken.
//! - E2: no borrow of `inner` lives while code of a task, a waker or a destructor runs.
//! - E3: one operation completes per poll: the next one finds `spent`, and gives way. So there is a choice before each.
//! - E4: the clock moves only while no task is ready.

mod door;
mod end;
mod waking;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use vela_core::__private::seam::{self, TaskFuture};

use self::waking::{Current, TaskWaker};

use crate::clock::Clock;
use crate::decision::Decision;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::quiet;
use crate::seed::mix;
use crate::strategy::{Driver, View};
use crate::verdict::{Output, TaskPanic, Verdict};
use crate::watchdog::Beat;

/// How many steps the tasks that are left get when the test's body has ended, to come to their end.
const AFTERMATH: u64 = 2_000;

/// How often the clock may jump for them.
const AFTERMATH_JUMPS: u32 = 100;

/// How long a task is held by a delay where no timer runs.
const PAUSE: Duration = Duration::from_millis(1);

/// The number of the test's body among the tasks.
const MAIN: u32 = 0;

/// Numbers of runs, from 1; the upper half of the numbers of their tasks.
static RUNS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Ready,
    Blocked,
    Held,
    Running,
    Gone,
}

struct Task {
    /// `None` of the test's body, of a task that runs, and of one that is gone.
    future: Option<TaskFuture>,
    waker: Option<Waker>,
    phase: Phase,
    /// Woken while it ran.
    woken: bool,
    aborted: bool,
    /// No fault ends it.
    spared: bool,
    name: Option<Box<str>>,
    site: &'static Location<'static>,
    panic: Option<TaskPanic>,
}

struct Inner {
    tasks: Vec<Task>,
    ready: Vec<u32>,
    clock: Clock,
    driver: Driver,
    faults: Faults,
    options: Vec<Decision>,
    decisions: Vec<Decision>,
    ledger: Option<Ledger>,
    /// Some task is held.
    held: bool,
    /// Task futures are dropped; nothing is started or counted any more.
    closing: bool,
}

pub(crate) struct Executor {
    inner: RefCell<Inner>,
    wakers: RefCell<Vec<Arc<TaskWaker>>>,
    foreign: Arc<AtomicBool>,
    run: Cell<u64>,
    current: Cell<Option<u32>>,
    /// The operation that this poll may do is done (E3).
    spent: Cell<bool>,
    gave_way: Cell<bool>,
    /// The next operation panics.
    panics: Cell<bool>,
    hash: Cell<u64>,
    beat: Arc<Beat>,
}

/// What is fixed for all schedules of a simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) faults: Faults,
    pub(crate) max_steps: u64,
    pub(crate) leaks_allowed: bool,
    /// Until when, by the wall's clock.
    pub(crate) until: Option<Instant>,
    /// How long a wake from another thread is waited for before a deadlock is claimed.
    pub(crate) grace: Duration,
}

/// How far a schedule got before its end.
struct Driven {
    result: Result<(), Verdict>,
    steps: u64,
    /// After how many steps the test's body ended.
    main_ended: Option<u64>,
}

/// How a schedule ended.
pub(crate) struct Ended {
    /// Why it has failed.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) steps: u64,
    /// The number of steps until the test's body ended.
    pub(crate) body_steps: u64,
    pub(crate) hash: u64,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) driver: Driver,
}

impl Executor {
    pub(crate) fn new(beat: Arc<Beat>) -> Rc<Self> {
        let inner = Inner {
            tasks: Vec::new(),
            ready: Vec::new(),
            clock: Clock::new(),
            driver: Driver::follow(Vec::new()),
            faults: Faults::none(),
            options: Vec::new(),
            decisions: Vec::new(),
            ledger: None,
            held: false,
            closing: false,
        };
        Rc::new(Self {
            inner: RefCell::new(inner),
            wakers: RefCell::new(Vec::new()),
            foreign: Arc::new(AtomicBool::new(false)),
            run: Cell::new(0),
            current: Cell::new(None),
            spent: Cell::new(false),
            gave_way: Cell::new(false),
            panics: Cell::new(false),
            hash: Cell::new(0),
            beat,
        })
    }

    /// Runs the test's body and all of its tasks in the schedule that `driver` chooses. `recycled` is a list to record the
    /// decisions in; `detailed`: keeps a ledger of every operation.
    pub(crate) fn run<F>(
        self: &Rc<Self>,
        driver: Driver,
        limits: &Limits,
        detailed: bool,
        recycled: Vec<Decision>,
        body: impl FnOnce() -> F,
        site: &'static Location<'static>,
    ) -> Ended
    where
        F: Future<Output: Output>,
    {
        assert!(!Current::is_taken(), "vela: a simulation cannot be run inside another one");
        self.begin(driver, limits, detailed, recycled, site);
        let installed = seam::install(self.clone(), detailed);
        let current = Current::new(self.clone());
        let driven = self.drive_body(limits, body);
        self.close();
        let verdict = driven.result.and_then(|()| self.panics_unseen()).err();
        drop((current, installed));
        let mut inner = self.inner.borrow_mut();
        Ended {
            verdict,
            steps: driven.steps,
            body_steps: driven.main_ended.unwrap_or(driven.steps),
            hash: self.hash.get(),
            decisions: std::mem::take(&mut inner.decisions),
            ledger: inner.ledger.take(),
            driver: std::mem::replace(&mut inner.driver, Driver::follow(Vec::new())),
        }
    }

    /// The test's body, from its making to its drop; what tasks are left is left.
    fn drive_body<F>(&self, limits: &Limits, body: impl FnOnce() -> F) -> Driven
    where
        F: Future<Output: Output>,
    {
        let mut main = pin!(None);
        self.current.set(Some(MAIN));
        let made = catch_unwind(AssertUnwindSafe(body)).map_err(|payload| self.panic_of(&*payload));
        self.current.set(None);
        let mut driven = match made {
            Err(panic) => Driven { result: Err(Verdict::Panicked(panic)), steps: 0, main_ended: None },
            Ok(future) => {
                main.set(Some(seam::unconstrained(future)));
                let mut failure = None;
                let mut driven = self.drive(limits, &mut |cx| {
                    let Some(future) = main.as_mut().as_pin_mut() else { return Poll::Ready(()) };
                    future.poll(cx).map(|output| {
                        failure = output.failure();
                        main.set(None);
                    })
                });
                if let (Some(error), Ok(())) = (failure, &driven.result) {
                    driven.result = Err(Verdict::Failed(error));
                }
                driven
            }
        };
        self.snapshot();
        // E2. Before the tasks, as a runtime that shuts down would.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| main.set(None)))
            && driven.result.is_ok()
        {
            driven.result = Err(Verdict::Panicked(self.panic_of(&*payload)));
        }
        driven
    }

    fn begin(
        &self,
        driver: Driver,
        limits: &Limits,
        detailed: bool,
        mut recycled: Vec<Decision>,
        site: &'static Location<'static>,
    ) {
        // Relaxed: a counter on its own.
        self.run.set((RUNS.fetch_add(1, Ordering::Relaxed) + 1) & u64::from(u32::MAX));
        // A place that nobody has asked for.
        quiet::take_place();
        self.hash.set(0);
        self.gave_way.set(false);
        self.panics.set(false);
        self.foreign.store(false, Ordering::Relaxed);
        recycled.clear();
        let mut inner = self.inner.borrow_mut();
        let Inner { tasks, ready, clock, .. } = &mut *inner;
        tasks.clear();
        ready.clear();
        let wakers = clock.reset();
        inner.faults = driver.bound(limits.faults);
        inner.driver = driver;
        inner.decisions = recycled;
        inner.ledger = detailed.then(Ledger::default);
        (inner.held, inner.closing) = (false, false);
        drop(inner);
        drop(wakers);
        self.beat.begin();
        self.add(None, None, site);
    }

    /// One step after the other.
    fn drive(&self, limits: &Limits, poll_main: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) -> Driven {
        let mut steps = 0;
        let mut last = MAIN;
        let mut main_ended: Option<u64> = None;
        let mut jumps = 0;
        let result = loop {
            if self.foreign.load(Ordering::Acquire) {
                break Err(Verdict::WokenFromOutside);
            }
            if self.inner.borrow().ready.is_empty() {
                jumps += u32::from(main_ended.is_some());
                if jumps <= AFTERMATH_JUMPS && self.advance() {
                    continue;
                }
                if main_ended.is_none() && self.woken_in(limits.grace) {
                    continue;
                }
                break self.verdict(main_ended.is_some(), limits);
            }
            match main_ended {
                // They are alive and well; what they wait for cannot be known.
                Some(end) if steps - end >= AFTERMATH => break self.panics_unseen(),
                None if steps >= limits.max_steps => break Err(Verdict::Endless { steps }),
                _ => {}
            }
            if steps & 0xFFF == 0xFFF && limits.until.is_some_and(|until| Instant::now() > until) {
                break Err(Verdict::OutOfTime);
            }
            let decision = self.decide(last);
            let task = match decision {
                Decision::Delay(task) => {
                    self.hold(task);
                    continue;
                }
                Decision::Run(task) | Decision::Poll(task) | Decision::Panic(task) | Decision::Cancel(task) => task,
                Decision::Draw(_) => unreachable!("only a select draws"),
            };
            steps += 1;
            last = task;
            self.beat.step(task);
            self.panics.set(matches!(decision, Decision::Panic(_)));
            let cancelled = matches!(decision, Decision::Cancel(_));
            match self.step(task, cancelled, &mut *poll_main) {
                Ok(true) if task == MAIN => main_ended = Some(steps),
                Ok(_) => {}
                Err(panic) => break Err(Verdict::Panicked(panic)),
            }
            self.mix(u64::from(task) << 1 | u64::from(self.gave_way.get()));
        };
        Driven { result, steps, main_ended }
    }

    fn mix(&self, value: u64) {
        self.hash.set(mix(self.hash.get().rotate_left(5) ^ value.wrapping_add(0x9E37_79B9_7F4A_7C15)));
    }

    /// Asks the strategy.
    fn decide(&self, last: u32) -> Decision {
        let mut inner = self.inner.borrow_mut();
        let Inner { tasks, ready, driver, faults, options, decisions, ledger, .. } = &mut *inner;
        options.clear();
        if faults.any() && driver.wants_fault() {
            collect_faults(tasks, *faults, options);
        }
        let view = View { ready, last, gave_way: self.gave_way.get(), faults: options };
        let decision = driver.next(&view);
        if !matches!(decision, Decision::Delay(_)) {
            // It is a step: who takes it may give way anew.
            self.gave_way.set(false);
        }
        if let Some(left) = faults.of_kind(decision) {
            *left -= 1;
        }
        decisions.push(decision);
        if let Some(ledger) = ledger {
            ledger.decided(decision);
        }
        let ways = ready.len() as u64;
        drop(inner);
        self.mix(decision.code() ^ ways << 48);
        decision
    }

    /// Polls a task, or drops it. `Ok(true)`: it is gone. `Err`: the test's body has panicked.
    fn step(
        &self,
        number: u32,
        cancelled: bool,
        poll_main: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    ) -> Result<bool, TaskPanic> {
        let (future, waker, doomed) = {
            let mut inner = self.inner.borrow_mut();
            let inner = &mut *inner;
            let task = &mut inner.tasks[number as usize];
            if task.phase == Phase::Ready {
                remove(&mut inner.ready, number);
            }
            task.phase = Phase::Running;
            task.woken = false;
            (task.future.take(), task.waker.take(), task.aborted || cancelled)
        };
        let waker = waker.unwrap_or_else(|| self.waker(number));
        self.current.set(Some(number));
        self.spent.set(false);
        let mut left = None;
        let mut main_panic = None;
        let over = match future {
            Some(future) if doomed => {
                self.drop_future(future);
                true
            }
            Some(mut future) => {
                // What the future is made of catches the task's own panics.
                let over = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                if over {
                    self.drop_future(future)
                } else {
                    left = Some(future)
                }
                over
            }
            None => {
                let polled = catch_unwind(AssertUnwindSafe(|| poll_main(&mut Context::from_waker(&waker))));
                match polled {
                    Ok(poll) => poll.is_ready(),
                    Err(payload) => {
                        main_panic = Some(self.panic_of(&*payload));
                        true
                    }
                }
            }
        };
        self.current.set(None);
        self.panics.set(false);
        let spare = {
            let mut inner = self.inner.borrow_mut();
            let inner = &mut *inner;
            let task = &mut inner.tasks[number as usize];
            task.future = left;
            if over {
                task.phase = Phase::Gone;
                Some(waker)
            } else {
                task.waker = Some(waker);
                if task.woken || task.aborted {
                    task.phase = Phase::Ready;
                    insert(&mut inner.ready, number);
                } else {
                    task.phase = Phase::Blocked;
                }
                None
            }
        };
        drop(spare);
        main_panic.map_or(Ok(over), Err)
    }

    fn drop_future(&self, future: TaskFuture) {
        // What it is made of catches panics, but for those of a second destructor.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(future))) {
            let panic = self.panic_of(&*payload);
            if let Some(task) = self.current.get() {
                self.inner.borrow_mut().tasks[task as usize].panic.get_or_insert(panic);
            }
        }
    }

    /// The task is not run until the next timer has gone off.
    fn hold(&self, number: u32) {
        let waker = self.waker(number);
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        remove(&mut inner.ready, number);
        inner.tasks[number as usize].phase = Phase::Held;
        inner.held = true;
        let deadline = inner.clock.next_timer().unwrap_or(inner.clock.now() + PAUSE);
        inner.clock.arm(None, deadline + Duration::from_nanos(1), waker);
    }

    /// E4: nothing is ready.
    fn advance(&self) -> bool {
        let mut due = Vec::new();
        let moved = {
            let mut inner = self.inner.borrow_mut();
            let moved = inner.clock.advance(&mut due);
            let elapsed = inner.clock.elapsed();
            if std::mem::take(&mut inner.held) {
                // The timer of each is among those due, or comes later: then it may be woken before.
                inner
                    .tasks
                    .iter_mut()
                    .filter(|task| task.phase == Phase::Held)
                    .for_each(|task| task.phase = Phase::Blocked);
            }
            self.mix(elapsed.as_nanos() as u64);
            moved
        };
        due.into_iter().for_each(Waker::wake);
        moved
    }

    fn add(&self, future: Option<TaskFuture>, name: Option<&str>, site: &'static Location<'static>) -> u32 {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let number = u32::try_from(inner.tasks.len()).expect("fewer than 2^32 tasks");
        let name = name.map(Box::from);
        inner.tasks.push(Task {
            // The test's body.
            spared: future.is_none(),
            future,
            waker: None,
            phase: Phase::Ready,
            woken: false,
            aborted: false,
            name,
            site,
            panic: None,
        });
        insert(&mut inner.ready, number);
        self.beat.spawned(site);
        number
    }

    /// The task's number, if the task is one of this run's.
    fn own(&self, task: u64) -> Option<usize> {
        (task >> 32 == self.run.get()).then_some((task & u64::from(u32::MAX)) as usize)
    }

    fn panic_of(&self, payload: &(dyn std::any::Any + Send)) -> TaskPanic {
        let task = self.current.get().unwrap_or(MAIN);
        TaskPanic { task, message: seam::panic_text(payload), at: quiet::take_place(), seen: false }
    }
}

fn insert(ready: &mut Vec<u32>, task: u32) {
    let place = ready.partition_point(|&other| other < task);
    ready.insert(place, task);
}

fn remove(ready: &mut Vec<u32>, task: u32) {
    if let Ok(place) = ready.binary_search(&task) {
        ready.remove(place);
    }
}

/// The faults that are possible now.
fn collect_faults(tasks: &[Task], faults: Faults, options: &mut Vec<Decision>) {
    for (number, task) in tasks.iter().enumerate() {
        let number = number as u32;
        let (ready, blocked) = (task.phase == Phase::Ready, task.phase == Phase::Blocked);
        if task.aborted || !(ready || blocked) {
            continue;
        }
        if blocked && faults.polls > 0 {
            options.push(Decision::Poll(number));
        }
        if ready && faults.delays > 0 {
            options.push(Decision::Delay(number));
        }
        if !task.spared && faults.cancels > 0 {
            options.push(Decision::Cancel(number));
        }
        if !task.spared && ready && faults.panics > 0 {
            options.push(Decision::Panic(number));
        }
    }
}
