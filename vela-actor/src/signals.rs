//! What an actor is told past its mailbox: a word of flags, and the wakers of who looks at it.
//!
//! L1. Who looks registers its waker first and looks then; who raises sets the flag first and wakes then. So a flag is set
//! before the look, which sees it, or the wake-up comes after the registration.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// The inbox is to give `None`, whatever mail there is.
pub(crate) const STOP: u32 = 1;
/// `run` is to be dropped at its await: the actor has failed, for a reason that lies elsewhere.
pub(crate) const FAIL: u32 = 2;
/// Everything is to be dropped at its await.
pub(crate) const KILL: u32 = 4;
/// With `KILL`: because it has not started in time.
pub(crate) const OVERDUE: u32 = 8;
/// The inbox is to give `None` once the mailbox is empty.
pub(crate) const DRAIN: u32 = 16;

#[derive(Debug)]
pub(crate) struct Signals {
    word: AtomicU32,
    /// Of the incarnation's task, which looks before each poll.
    task: AtomicWaker,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU32::new(0), task: AtomicWaker::new() }
    }

    /// Before an incarnation starts: what was meant for the one before is over.
    pub(crate) fn clear(&self) {
        // SeqCst: as in `raise`.
        self.word.store(0, SeqCst);
    }

    /// For [`Core::raise`](crate::cell::Core::raise), which wakes who polls the inbox with another waker, too.
    pub(crate) fn raise(&self, flag: u32) {
        // SeqCst: with the registration in `AtomicWaker`, L1. Also if it is set: what the flag is about may be new.
        self.word.fetch_or(flag, SeqCst);
        self.rouse();
    }

    /// Wakes who looks.
    pub(crate) fn rouse(&self) {
        self.task.wake();
    }

    pub(crate) fn register_task(&self, waker: &Waker) {
        self.task.register(waker);
    }

    /// Whether one of the flags is set.
    pub(crate) fn has(&self, flags: u32) -> bool {
        // SeqCst: after a registration, L1. On x86 and ARMv8 a load costs no more for it.
        self.word.load(SeqCst) & flags != 0
    }
}
