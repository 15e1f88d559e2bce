//! A wait that something else can end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Runs `future`, unless `stop` is ready first: then it is dropped. `stop` is looked at first.
pub(super) async fn unless<F: Future>(stop: impl Future<Output = ()>, future: F) -> Option<F::Output> {
    let mut stop = pin!(stop);
    let mut future = pin!(future);
    poll_fn(|cx| {
        if stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
