//! What Vela asks of the executor.

use std::panic::{Location, resume_unwind};
use std::task::{Context, Waker};
use std::time::Instant;

use vela_core::__private::seam::{self, ChannelEvent, Operation, TaskFuture};

use super::{Executor, Phase, insert};
use crate::decision::Decision;
use crate::quiet;
use crate::verdict::TaskPanic;

/// The message of a panic that a fault has made.
const INJECTED: &str = "a panic that the simulation has injected";

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

    fn spare(&self, task: u64) {
        if let Some(number) = self.own(task)
            && let Some(task) = self.inner.borrow_mut().tasks.get_mut(number)
        {
            task.spared = true;
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
        if inner.closing {
            // The schedule is over.
            return 0;
        }
        let drawn = inner.driver.draw(n);
        let decision = Decision::Draw(u32::try_from(drawn).unwrap_or(u32::MAX));
        inner.decisions.push(decision);
        drop(inner);
        self.mix(decision.code() ^ (n as u64) << 40);
        drawn
    }

    fn polled(&self, operation: Operation, done: bool) {
        if let (Some(task), Some(ledger)) = (self.current.get(), &mut self.inner.borrow_mut().ledger) {
            ledger.polled(task, operation, done);
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
