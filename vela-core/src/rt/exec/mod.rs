//! A run queue of Vela's own inside Tokio's workers: README.md.
//!
//! To Tokio, a runner is one task; what it polls are ours. So I/O, timers, `tokio::spawn`, `spawn_blocking`, `LocalSet`, the
//! cooperative budget and the end of a runtime go on as they are.
#![allow(unsafe_code)]

mod gate;
mod handle;
mod idle;
mod load;
#[cfg(all(test, vela_loom))]
mod loom_tests;
mod monitor;
mod queue;
mod registry;
mod runner;
mod share;
mod shutdown;
mod slot;
mod spin;
mod state;
mod task;
mod waker;

use tokio::runtime::Handle;

pub(super) use handle::{AbortHandle, JoinHandle};
pub(crate) use share::wake_next;
pub(super) use task::current_id;
pub(crate) use task::{Reports, Unreported, next_id};

use share::Place;

/// Whether one of our tasks may be running on this thread.
#[inline]
pub(super) fn inside() -> bool {
    slot::current().is_some()
}

/// Starts `future` as a task on the runtime of `handle`.
#[inline]
pub(super) fn spawn<F>(future: F, handle: Handle) -> JoinHandle<F::Output>
where
    F: Reports<Output: Send> + Send + 'static,
{
    match slot::current() {
        // A task may have entered another runtime.
        Some(slot) if slot.shared().id == handle.id() => {
            let (task, handle) = task::new(future, slot.spend_ref());
            // If the runtime has ended, this is called by a future that is dropped, and the queue is being drained.
            slot.push(task);
            handle
        }
        _ => spawn_outside(future, handle),
    }
}

#[cold]
#[inline(never)]
fn spawn_outside<F>(future: F, handle: Handle) -> JoinHandle<F::Output>
where
    F: Reports<Output: Send> + Send + 'static,
{
    let shared = registry::of(handle);
    let place = Place::outside(shared.as_raw());
    let (task, handle) = task::new(future, shared.into_raw());
    match place.ticket() {
        Some(ticket) => ticket.push(task),
        // The runtime has ended.
        // SAFETY: a new task is ACTIVE, and nobody else has it.
        None => unsafe { task::end_cancelled(task) },
    }
    handle
}
