//! Wakers of tasks, and the way from a waker to its executor.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Wake, Waker};

use super::{Executor, Phase, insert};

/// Wakes a task.
pub(super) struct TaskWaker {
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

/// Makes an executor the one whose tasks are woken on this thread, until it is dropped.
pub(super) struct Current;

impl Current {
    /// Whether a simulation runs on this thread.
    pub(super) fn is_taken() -> bool {
        CURRENT.with(|current| current.borrow().is_some())
    }

    pub(super) fn new(executor: Rc<Executor>) -> Self {
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

impl Executor {
    /// A waker of this run, made of one of an earlier run if nobody has kept that.
    pub(super) fn waker(&self, task: u32) -> Waker {
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

    pub(super) fn wake(&self, number: u32) {
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
    pub(super) fn swap_woken(&self, woken: bool) -> bool {
        let Some(task) = self.current.get() else { return false };
        std::mem::replace(&mut self.inner.borrow_mut().tasks[task as usize].woken, woken)
    }
}
