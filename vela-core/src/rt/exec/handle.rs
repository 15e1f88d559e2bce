//! Handles of tasks: joining and cancelling.
#![allow(unsafe_code)]

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use super::state::Detached;
use super::task::{self, Header};
use super::waker;
use crate::rt::{JoinError, poll_budget};

/// The handle of a task; a future of its outcome. Dropping it detaches the task.
pub(crate) struct JoinHandle<T> {
    task: NonNull<Header>,
    output: PhantomData<T>,
}

// SAFETY: it gives out the output, on one thread, and is otherwise a counted reference to an atomic state.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through a reference it gives nothing out.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The caller hands over a reference and INTEREST, and the task's output is a `T`.
    pub(super) unsafe fn new(task: NonNull<Header>) -> Self {
        Self { task, output: PhantomData }
    }

    fn header(&self) -> &Header {
        // SAFETY: by the handle's reference.
        unsafe { self.task.as_ref() }
    }

    pub(crate) fn id(&self) -> u64 {
        self.header().id
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    pub(crate) fn abort(&self) {
        // SAFETY: by the handle's reference.
        unsafe { waker::schedule(self.task, false, true) };
    }

    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.header().state.add_ref();
        AbortHandle { task: self.task }
    }

    /// Leaves the waker with the task. False: the task has completed.
    fn wait(&self, cx: &Context<'_>) -> bool {
        if !self.header().state.withdraw() {
            return false;
        }
        // SAFETY: WAITING is not set: the slot is the handle's.
        let slot = unsafe { &mut *self.header().join.get() };
        if !slot.as_ref().is_some_and(|own| own.will_wake(cx.waker())) {
            *slot = Some(cx.waker().clone());
        }
        self.header().state.offer()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(poll_budget(cx));
        if self.wait(cx) {
            return Poll::Pending;
        }
        budget.charge();
        let mut output: Option<Self::Output> = None;
        // SAFETY: COMPLETE was seen with Acquire: the output is the handle's, and it is a `T`.
        unsafe { (self.header().vtable.take)(self.task, (&raw mut output).cast()) };
        match output {
            Some(output) => Poll::Ready(output),
            None => unreachable!("put there by `take`"),
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        match self.header().state.detach() {
            Detached::Whole => return,
            // SAFETY: neither WAITING nor COMPLETE was set: the slot is the handle's.
            Detached::Slot => drop(unsafe { (*self.header().join.get()).take() }),
            // SAFETY: COMPLETE was seen with Acquire: the output is the handle's.
            Detached::Output => unsafe { (self.header().vtable.discard)(self.task) },
        }
        // SAFETY: the handle's reference.
        unsafe { task::release(self.task) };
    }
}

/// Cancels a task.
pub(crate) struct AbortHandle {
    task: NonNull<Header>,
}

// SAFETY: a counted reference to an atomic state.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}

impl AbortHandle {
    fn header(&self) -> &Header {
        // SAFETY: by the handle's reference.
        unsafe { self.task.as_ref() }
    }

    pub(crate) fn abort(&self) {
        // SAFETY: by the handle's reference.
        unsafe { waker::schedule(self.task, false, true) };
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        self.header().state.add_ref();
        Self { task: self.task }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: the handle's reference.
        unsafe { task::release(self.task) };
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbortHandle({})", self.header().id)
    }
}
