//! The end of a runtime: each future is dropped once, those that wait included.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::registry;
use super::runner::Runner;
use super::slot::Entered;
use super::task::{self, Header};

impl Drop for Runner {
    /// Runners are dropped when their runtime is, each by itself, while others may still be polled.
    fn drop(&mut self) {
        let (shared, slot) = (&*self.shared, self.slot());
        // From here on nothing is enqueued but by runners.
        if shared.gate.0.close() {
            registry::remove(shared);
            shared.forget_handle();
        }
        // What is woken or spawned by the futures that are dropped here comes to this queue.
        let entered = Entered::new(slot);
        loop {
            let mut ended = end_all(|| slot.pop());
            let mut injected = shared.take_all();
            ended |= end_all(|| injected.pop());
            let Some(task) = slot.first() else {
                if !ended {
                    break;
                }
                continue;
            };
            // SAFETY: what is in the list is alive (I2).
            if unsafe { task.as_ref() }.state.claim_cancelled() {
                // SAFETY: claimed: ACTIVE is ours.
                unsafe { task::end_cancelled(task) };
            } else {
                // Who holds ACTIVE ends it.
                slot.give_up(task);
            }
        }
        // Nothing comes to this queue any more, not even from what is freed now.
        drop(entered);
        slot.close();
    }
}

/// Whether there was any.
fn end_all(mut next: impl FnMut() -> Option<NonNull<Header>>) -> bool {
    let mut any = false;
    while let Some(task) = next() {
        any = true;
        // SAFETY: out of a queue: ACTIVE is ours.
        unsafe { task::end_cancelled(task) };
    }
    any
}
