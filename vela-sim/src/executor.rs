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

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use vela_core::__private::seam::{self, ChannelEvent, Operation, TaskFuture};

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

/// Wakes a task.
struct TaskWaker {
    run: AtomicU64,
    task: u32,
    /// Somebody on another thread has woken a task.
    foreign: Arc<AtomicBool>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let run = self.run.load(Ordering::Relaxed);
        let here = CURRENT.try_with(|current| match &*current.borrow() {
            Some(executor) => {
                if executor.run.get() == run {
                    executor.wake(self.task);
                }
                true
            }
            None => false,
        });
        if here != Ok(true) {
            self.foreign.store(true, Ordering::Release);
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

/// Numbers of runs, from 1; the upper half of the numbers of their tasks.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Makes an executor the one whose tasks are woken on this thread, until it is dropped.
struct Current;

impl Current {
    fn new(executor: Rc<Executor>) -> Self {
        let before = CURRENT.with(|current| current.replace(Some(executor)));
        assert!(before.is_none(), "checked by `Executor::run`");
        Self
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let ours = CURRENT.with(RefCell::take);
        drop(ours);
    }
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
        assert!(
            CURRENT.with(|current| current.borrow().is_none()),
            "vela: a simulation cannot be run inside another one"
        );
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
        self.run.set(RUNS.fetch_add(1, Ordering::Relaxed) + 1);
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

    /// Waits for a wake from another thread, by the clock on the wall: a deadlock must not be claimed where there is none.
    fn woken_in(&self, grace: Duration) -> bool {
        let until = Instant::now() + grace;
        while Instant::now() < until {
            if self.foreign.load(Ordering::Acquire) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
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
        let view = View { ready, last, gave_way: self.gave_way.replace(false), faults: options };
        let decision = driver.next(&view);
        match decision {
            Decision::Poll(_) => faults.polls -= 1,
            Decision::Cancel(_) => faults.cancels -= 1,
            Decision::Panic(_) => faults.panics -= 1,
            Decision::Delay(_) => faults.delays -= 1,
            Decision::Run(_) | Decision::Draw(_) => {}
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

    /// Nothing can go on.
    fn verdict(&self, main_ended: bool, limits: &Limits) -> Result<(), Verdict> {
        self.panics_unseen()?;
        let mut inner = self.inner.borrow_mut();
        let blocked = inner.tasks.iter().filter(|task| task.phase == Phase::Blocked).count();
        if !main_ended {
            return Err(Verdict::Deadlock);
        }
        if blocked > 0 && inner.clock.is_idle() && !limits.leaks_allowed {
            return Err(Verdict::Leak);
        }
        Ok(())
    }

    /// A panic that nobody has got to know of fails the test.
    fn panics_unseen(&self) -> Result<(), Verdict> {
        let mut inner = self.inner.borrow_mut();
        match inner.tasks.iter_mut().find_map(|task| task.panic.take_if(|panic| !panic.seen)) {
            Some(panic) => Err(Verdict::Panicked(panic)),
            None => Ok(()),
        }
    }

    /// Writes down how the tasks stand; what comes after is the end of the world.
    fn snapshot(&self) {
        let mut inner = self.inner.borrow_mut();
        let Inner { tasks, ledger: Some(ledger), .. } = &mut *inner else { return };
        for (number, task) in tasks.iter().enumerate() {
            let record = ledger.record(number as u32);
            record.name.clone_from(&task.name);
            record.site = Some(task.site);
            record.blocked = task.phase == Phase::Blocked;
            record.gone = task.phase == Phase::Gone;
        }
        ledger.freeze();
    }

    /// Drops the tasks that are left, in the order of their start.
    fn close(&self) {
        self.inner.borrow_mut().closing = true;
        let mut number = 0;
        loop {
            let (future, waker) = {
                let mut inner = self.inner.borrow_mut();
                let Some(task) = inner.tasks.get_mut(number) else { break };
                (task.future.take(), task.waker.take())
            };
            self.current.set(Some(number as u32));
            if let Some(future) = future {
                self.drop_future(future);
            }
            drop(waker);
            number += 1;
        }
        self.current.set(None);
    }

    fn add(&self, future: Option<TaskFuture>, name: Option<&str>, site: &'static Location<'static>) -> u32 {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let number = u32::try_from(inner.tasks.len()).expect("fewer than 2^32 tasks");
        let name = name.map(Box::from);
        let task =
            Task { future, waker: None, phase: Phase::Ready, woken: false, aborted: false, name, site, panic: None };
        inner.tasks.push(task);
        insert(&mut inner.ready, number);
        self.beat.spawned(site);
        number
    }

    /// A waker of this run, made of one of an earlier run if nobody has kept that.
    fn waker(&self, task: u32) -> Waker {
        let run = self.run.get();
        let mut wakers = self.wakers.borrow_mut();
        let place = task as usize;
        if let Some(known) = wakers.get_mut(place) {
            if known.run.load(Ordering::Relaxed) == run {
                return known.clone().into();
            }
            if let Some(alone) = Arc::get_mut(known) {
                alone.run.store(run, Ordering::Relaxed);
                return known.clone().into();
            }
        }
        let made = Arc::new(TaskWaker { run: AtomicU64::new(run), task, foreign: Arc::clone(&self.foreign) });
        if place == wakers.len() {
            wakers.push(Arc::clone(&made));
        } else if let Some(slot) = wakers.get_mut(place) {
            *slot = Arc::clone(&made);
        }
        made.into()
    }

    fn wake(&self, number: u32) {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let Some(task) = inner.tasks.get_mut(number as usize) else { return };
        match task.phase {
            Phase::Blocked => {
                task.phase = Phase::Ready;
                insert(&mut inner.ready, number);
            }
            Phase::Running => task.woken = true,
            Phase::Ready | Phase::Held | Phase::Gone => {}
        }
    }

    /// Sets whether the running task was woken, and gives what was there.
    fn swap_woken(&self, woken: bool) -> bool {
        let Some(task) = self.current.get() else { return false };
        std::mem::replace(&mut self.inner.borrow_mut().tasks[task as usize].woken, woken)
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
        if number != MAIN && faults.cancels > 0 {
            options.push(Decision::Cancel(number));
        }
        if number != MAIN && ready && faults.panics > 0 {
            options.push(Decision::Panic(number));
        }
    }
}

impl seam::Executor for Executor {
    fn spawn(&self, task: TaskFuture, name: Option<&str>, site: &'static Location<'static>) -> u64 {
        // At the end, too: it is dropped in its turn.
        self.run.get() << 32 | u64::from(self.add(Some(task), name, site))
    }

    fn abort(&self, task: u64) {
        let Some(number) = self.own(task) else { return };
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let Some(task) = inner.tasks.get_mut(number) else { return };
        task.aborted = true;
        if matches!(task.phase, Phase::Blocked | Phase::Held) {
            task.phase = Phase::Ready;
            insert(&mut inner.ready, number as u32);
        }
    }

    fn current(&self) -> Option<u64> {
        self.current.get().map(|task| self.run.get() << 32 | u64::from(task))
    }

    fn now(&self) -> Instant {
        self.inner.borrow().clock.now()
    }

    fn arm(&self, timer: Option<u64>, deadline: Instant, waker: &Waker) -> u64 {
        if let Some(timer) = timer
            && self.inner.borrow_mut().clock.is_armed_for(timer, waker)
        {
            return timer;
        }
        // E2: a waker's `clone` may be anybody's code.
        let waker = waker.clone();
        let (number, old) = self.inner.borrow_mut().clock.arm(timer, deadline, waker);
        drop(old);
        number
    }

    fn disarm(&self, timer: u64) {
        let old = self.inner.borrow_mut().clock.disarm(timer);
        drop(old);
    }

    fn may_proceed(&self, cx: &mut Context<'_>) -> bool {
        // Not in a destructor that runs because of a panic: that would end the process.
        if self.panics.get() && !std::thread::panicking() {
            self.panics.set(false);
            let injected = TaskPanic { task: 0, message: INJECTED.into(), at: None, seen: true };
            if let Some(task) = self.current.get() {
                self.inner.borrow_mut().tasks[task as usize].panic = Some(injected);
            }
            // Not `panic!`: there is nothing to tell the panic hook.
            resume_unwind(Box::new(INJECTED));
        }
        if !self.spent.get() || self.inner.borrow().closing {
            return true;
        }
        // What is polled by hand is not polled again: it gives way only if that leads to another poll of the task.
        let woken = self.swap_woken(false);
        cx.waker().wake_by_ref();
        let leads_here = self.swap_woken(true);
        self.swap_woken(woken || leads_here);
        !leads_here
    }

    fn proceeded(&self) {
        self.spent.set(true);
    }

    fn give_way(&self) {
        self.gave_way.set(true);
    }

    fn draw(&self, n: usize) -> usize {
        let mut inner = self.inner.borrow_mut();
        let drawn = inner.driver.draw(n);
        let decision = Decision::Draw(u32::try_from(drawn).unwrap_or(u32::MAX));
        inner.decisions.push(decision);
        drop(inner);
        self.mix(decision.code() ^ (n as u64) << 40);
        drawn
    }

    fn waits(&self, operation: Operation) {
        if let (Some(task), Some(ledger)) = (self.current.get(), &mut self.inner.borrow_mut().ledger) {
            ledger.waits(task, operation);
        }
    }

    fn done(&self, operation: Operation) {
        if let (Some(task), Some(ledger)) = (self.current.get(), &mut self.inner.borrow_mut().ledger) {
            ledger.done(task, operation);
        }
    }

    fn channel(&self, address: usize, event: ChannelEvent<'_>) {
        if let Some(ledger) = &mut self.inner.borrow_mut().ledger {
            ledger.channel(address, event);
        }
    }

    fn panicked(&self, message: &str) {
        let Some(number) = self.current.get() else { return };
        let mut inner = self.inner.borrow_mut();
        let task = &mut inner.tasks[number as usize];
        if task.panic.is_none() {
            task.panic =
                Some(TaskPanic { task: number, message: message.to_owned(), at: quiet::take_place(), seen: false });
        }
    }

    fn panic_seen(&self, task: u64) {
        if let Some(number) = self.own(task)
            && let Some(task) = self.inner.borrow_mut().tasks.get_mut(number)
            && let Some(panic) = &mut task.panic
        {
            panic.seen = true;
        }
    }
}

/// The message of a panic that a fault has made.
const INJECTED: &str = "a panic that the simulation has injected";
