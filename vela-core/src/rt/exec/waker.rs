//! Wakers of tasks.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::share::Place;
use super::state::Wake;
use super::task::{self, Header};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker with a reference that the caller provides.
///
/// # Safety
///
/// The reference exists for as long as the waker, and goes with it.
pub(super) unsafe fn borrowed(task: NonNull<Header>) -> Waker {
    // SAFETY: the functions of the table do what a waker has to, on any thread, with the caller's reference.
    unsafe { Waker::from_raw(RawWaker::new(task.as_ptr().cast(), &VTABLE)) }
}

fn of(data: *const ()) -> NonNull<Header> {
    // SAFETY: made from a `NonNull` in `borrowed`.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

/// # Safety
///
/// As `RawWakerVTable` says: `data` is that of a waker that is alive.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: by the reference of the waker that is cloned.
    unsafe { of(data).as_ref() }.state.add_ref();
    RawWaker::new(data, &VTABLE)
}

/// # Safety
///
/// As [`clone`].
unsafe fn drop(data: *const ()) {
    // SAFETY: the waker's reference.
    unsafe { task::release(of(data)) };
}

/// # Safety
///
/// As [`clone`].
unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's reference, which is handed over.
    unsafe { schedule(of(data), true, false) };
}

/// # Safety
///
/// As [`clone`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: by the waker's reference.
    unsafe { schedule(of(data), false, false) };
}

/// Wakes the task; `gives`: with the caller's reference, in the same step. `cancels`: it is to be dropped.
///
/// # Safety
///
/// The caller has a reference.
#[inline]
pub(super) unsafe fn schedule(task: NonNull<Header>, gives: bool, cancels: bool) {
    // SAFETY: by the caller's reference.
    let header = unsafe { task.as_ref() };
    let place = Place::of(header.shared);
    match header.state.wake(gives, cancels, || place.ticket()) {
        Wake::Enqueue(ticket) => ticket.push(task),
        // SAFETY: the reference that was not used.
        Wake::Unused if gives => unsafe { task::release(task) },
        Wake::Unused | Wake::Nothing => {}
    }
}
