//! The first value of several receivers.

use std::future::Future;

use crate::chan::Receiver;
use crate::ops::Named;
use crate::rt;
use crate::select::Select;

/// Waits for the first value that one of the receivers has: the receiver's index, and the value. `None` once all of them are
/// closed and drained, and if there are none.
///
/// Among receivers that have a value each is equally likely. Also a source: `<-select_first(&receivers)`. It is put together
/// anew for each call; for a loop, [`fan_in`](super::fan_in) or [`SelectSet`](crate::SelectSet) keep what they have.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let (_idle, a) = vela::channel::<&str>(1);
/// let (tx, b) = vela::channel(1);
/// tx.send("hello").await?;
/// assert_eq!(vela::flow::select_first([&a, &b]).await, Some((1, "hello")));
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn select_first<'a, T: Send + 'a>(
    receivers: impl IntoIterator<Item = &'a Receiver<T>>,
) -> Named<impl Future<Output = Option<(usize, T)>> + Send> {
    let select = receivers
        .into_iter()
        .enumerate()
        .fold(Select::new(), |select, (index, receiver)| select.recv(receiver, move |value| (index, value)));
    rt::operation("select_first", select.wait())
}
