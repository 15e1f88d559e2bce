//! An intrusive FIFO of tasks, for whoever has it to itself.
#![allow(unsafe_code)]

use std::mem;
use std::ptr::NonNull;

use super::task::Header;

/// It holds ACTIVE of the tasks that are in it (I3).
#[derive(Default)]
pub(super) struct Queue {
    head: Option<NonNull<Header>>,
    tail: Option<NonNull<Header>>,
    len: usize,
}

// SAFETY: what moves is the right to poll the tasks, and their futures are Send.
unsafe impl Send for Queue {}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { head: None, tail: None, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// # Safety
    ///
    /// The caller holds ACTIVE of `task`, and gives it away.
    #[inline]
    pub(super) unsafe fn push(&mut self, task: NonNull<Header>) {
        // SAFETY: alive until it has completed (I2); the link belongs to who holds ACTIVE.
        unsafe { task.as_ref() }.link.set(None);
        match self.tail {
            // SAFETY: as above; the queue holds ACTIVE of it.
            Some(tail) => unsafe { tail.as_ref() }.link.set(Some(task)),
            None => self.head = Some(task),
        }
        self.tail = Some(task);
        self.len += 1;
    }

    /// # Safety
    ///
    /// As [`push`](Self::push).
    pub(super) unsafe fn push_front(&mut self, task: NonNull<Header>) {
        // SAFETY: as in `push`.
        unsafe { task.as_ref() }.link.set(self.head);
        self.head = Some(task);
        self.tail = self.tail.or(self.head);
        self.len += 1;
    }

    /// The caller gets ACTIVE.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<NonNull<Header>> {
        let task = self.head?;
        // SAFETY: as in `push`.
        self.head = unsafe { task.as_ref() }.link.get();
        if self.head.is_none() {
            self.tail = None;
        }
        self.len -= 1;
        Some(task)
    }

    /// Moves all of `other` to the back.
    pub(super) fn append(&mut self, other: &mut Self) {
        let Some(first) = other.head else { return };
        match self.tail {
            // SAFETY: as in `push`.
            Some(tail) => unsafe { tail.as_ref() }.link.set(Some(first)),
            None => self.head = Some(first),
        }
        self.tail = other.tail;
        self.len += other.len;
        *other = Self::new();
    }

    /// Takes up to `n` from the front.
    pub(super) fn split(&mut self, n: usize) -> Self {
        if n >= self.len {
            return mem::take(self);
        }
        let mut taken = Self::new();
        while taken.len < n
            && let Some(task) = self.pop()
        {
            // SAFETY: popped: ACTIVE is ours.
            unsafe { taken.push(task) };
        }
        taken
    }
}
