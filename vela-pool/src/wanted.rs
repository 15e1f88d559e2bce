//! A task that is wanted only as long as somebody waits for it.

use vela_core::task::Task;

/// Cancels the task when it is dropped.
pub(crate) struct Wanted<R>(pub(crate) Task<R>);

impl<R> Drop for Wanted<R> {
    fn drop(&mut self) {
        // One that has ended is not changed.
        self.0.cancel();
    }
}
