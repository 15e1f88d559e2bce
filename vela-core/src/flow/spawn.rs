//! A task with a channel of its own.

use std::future::Future;

use crate::chan::{Receiver, Sender, channel};
use crate::task::{self, Task};

/// Starts a task that sends to a channel of its own, which buffers `capacity` values (0 is a rendezvous): the task, and the
/// receiver. The channel closes when the task has dropped its sender, at the latest when it ends, however it does.
///
/// When the receiver is dropped, the task's sends fail; it sees to its end itself.
///
/// # Panics
///
/// If there is no runtime and none can be started.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (task, progress) = vela::flow::spawn_with_channel(1, |tx| async move {
///     for percent in [0, 50, 100] {
///         tx.send(percent).await?;
///     }
///     Ok::<_, vela::SendError<i32>>("done")
/// });
/// while let Some(percent) = progress.recv().await {
///     println!("{percent} %");
/// }
/// assert_eq!(task.await??, "done");
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn_with_channel<T, F, Fut>(capacity: usize, f: F) -> (Task<Fut::Output>, Receiver<T>)
where
    F: FnOnce(Sender<T>) -> Fut,
    Fut: Future<Output: Send> + Send + 'static,
{
    let (tx, rx) = channel(capacity);
    (task::spawn(f(tx)), rx)
}
