//! The end of a schedule: what is wrong with it, how its tasks stand, and the drop of what is left.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Executor, Inner, Limits, Phase};
use crate::verdict::Verdict;

impl Executor {
    /// Nothing can go on.
    pub(super) fn verdict(&self, main_ended: bool, limits: &Limits) -> Result<(), Verdict> {
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
    pub(super) fn panics_unseen(&self) -> Result<(), Verdict> {
        let mut inner = self.inner.borrow_mut();
        match inner.tasks.iter_mut().find_map(|task| task.panic.take_if(|panic| !panic.seen)) {
            Some(panic) => Err(Verdict::Panicked(panic)),
            None => Ok(()),
        }
    }

    /// Writes down how the tasks stand; what comes after is the end of the world.
    pub(super) fn snapshot(&self) {
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
    pub(super) fn close(&self) {
        self.inner.borrow_mut().closing = true;
        let mut number = 0;
        loop {
            let (future, waker) = {
                let mut inner = self.inner.borrow_mut();
                let Some(task) = inner.tasks.get_mut(number) else { break };
                self.beat.step(number as u32);
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

    /// Waits for a wake from another thread, by the clock on the wall: a deadlock must not be claimed where there is none.
    pub(super) fn woken_in(&self, grace: Duration) -> bool {
        let until = Instant::now() + grace;
        while Instant::now() < until {
            if self.foreign.load(Ordering::Acquire) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }
}
