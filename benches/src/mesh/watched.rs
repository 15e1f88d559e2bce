//! Driving futures that may drop values, and giving them up half way.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::value::{Id, watch};

/// Awaits `future`; the values that it dropped come with its output.
pub(crate) async fn observe<F: Future>(future: F) -> (F::Output, Vec<Id>) {
    let mut dropped = Vec::new();
    let mut future = pin!(Some(future));
    let output = poll_fn(|cx| match future.as_mut().as_pin_mut() {
        Some(future) => watch(&mut dropped, || future.poll(cx)),
        None => Poll::Pending,
    })
    .await;
    watch(&mut dropped, || future.set(None));
    (output, dropped)
}

/// Polls `future` up to four times, as `plan` says, and drops it. `None`: it was given up.
///
/// The low two bits of `plan` are the number of polls less one; then each poll has two bits: whether it is done with a
/// waker that wakes nobody, and whether the task gives way after it.
pub(crate) async fn poll_some<F: Future>(future: F, plan: u32) -> (Option<F::Output>, Vec<Id>) {
    let mut dropped = Vec::new();
    let mut future = pin!(Some(future));
    let mut output = None;
    for turn in 0..=(plan & 3) {
        let bits = plan >> (2 + 2 * turn);
        let poll = poll_fn(|cx| {
            let mut deaf = Context::from_waker(Waker::noop());
            let cx = if bits & 1 != 0 { &mut deaf } else { cx };
            let Some(future) = future.as_mut().as_pin_mut() else { return Poll::Ready(Poll::Pending) };
            Poll::Ready(watch(&mut dropped, || future.poll(cx)))
        })
        .await;
        if let Poll::Ready(ready) = poll {
            output = Some(ready);
            break;
        }
        if bits & 2 != 0 {
            tokio::task::yield_now().await;
        }
    }
    watch(&mut dropped, || future.set(None));
    (output, dropped)
}
