//! What mutants of the channels have got wrong, and no other test had seen.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::StreamExt;
use vela::prelude::*;
use vela::{Channel, Overflow, SelectSet};

use super::by_hand::parked;

fn dropping_oldest(capacity: usize) -> (Sender<u8>, Receiver<u8>) {
    Channel::bounded(capacity).overflow(Overflow::DropOldest).build().unwrap()
}

/// A value that came back takes room, in a channel that drops the oldest.
#[test]
fn a_value_that_came_back_is_dropped_as_the_oldest() {
    let (tx, rx) = dropping_oldest(2);
    let recv = parked(rx.recv());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(recv);
    assert_eq!(rx.len(), 2);
    tx.try_send(3).unwrap();
    assert_eq!((rx.len(), rx.dropped()), (2, 1));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_value_that_came_back_is_kept_while_there_is_room() {
    let (tx, rx) = dropping_oldest(3);
    let recv = parked(rx.recv());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(recv);
    tx.try_send(3).unwrap();
    assert_eq!((rx.len(), rx.dropped()), (3, 0));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2, 3]);
}

/// Two streams were told of two values, and have not come yet: a receiver in line behind them does not get the second
/// before the first is gone.
#[test]
fn a_value_is_not_handed_over_past_those_that_streams_were_told_of() {
    for by_permit in [false, true] {
        let (tx, rx) = channel(4);
        let (mut a, mut b) = (rx.stream(), rx.stream());
        let (next_a, next_b) = (parked(a.next()), parked(b.next()));
        let mut recv = parked(rx.recv());
        tx.try_send(1).unwrap();
        if by_permit {
            tx.try_reserve().unwrap().send(2).unwrap();
        } else {
            tx.try_send(2).unwrap();
        }
        assert_eq!((next_a.wakes(), next_b.wakes()), (1, 1));
        drop((next_a, next_b));
        drop((a, b));
        assert_eq!(recv.ready(), Some(1));
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

/// The first got its value from the buffer, the second from the sender.
#[test]
fn values_that_came_to_receivers_by_either_way_regain_their_order() {
    for first_goes_first in [true, false] {
        let (tx, rx) = channel(4);
        let mut stream = rx.stream();
        let next = parked(stream.next());
        let (first, second) = (parked(rx.recv()), parked(rx.recv()));
        tx.try_send(1).unwrap(); // the stream is told
        tx.try_send(2).unwrap(); // the first receiver gets 1, the second 2
        assert_eq!((next.wakes(), first.wakes(), second.wakes(), rx.len()), (1, 1, 1, 0));
        if first_goes_first {
            drop(first);
            drop(second);
        } else {
            drop(second);
            drop(first);
        }
        drop(next);
        drop(stream);
        assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2], "first goes first: {first_goes_first}");
    }
}

#[test]
fn news_of_a_value_that_is_gone_is_not_passed_on() {
    let (tx, rx) = channel(1);
    let (mut a, mut b) = (rx.stream(), rx.stream());
    let (next_a, next_b) = (parked(a.next()), parked(b.next()));
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    drop(next_a);
    drop(a);
    assert_eq!(next_b.wakes(), 0);
}

#[test]
fn a_permit_shows_what_it_is() {
    let (tx, _rx) = channel::<u8>(1);
    assert_eq!(format!("{:?}", tx.try_reserve().unwrap()), "Permit { .. }");
}

/// Polls once within a task, where there is a cooperative budget.
async fn polled_once<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[test]
fn a_batch_costs_no_more_than_one_operation() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (tx, rx) = vela::unbounded();
        let mut batch: VecDeque<_> = (0..1_000).collect();
        assert_eq!(polled_once(tx.send_all(&mut batch)).await, Poll::Ready(Ok(())));
        let mut got = Vec::new();
        assert_eq!(polled_once(rx.recv_many(&mut got, 2_000)).await, Poll::Ready(1_000));
        assert!(got.into_iter().eq(0..1_000));
    });
}

#[test]
fn a_set_shows_how_many_members_it_has() {
    let mut set = SelectSet::new();
    set.insert(channel::<u8>(1).1);
    assert_eq!(format!("{set:?}"), "SelectSet { len: 1, .. }");
}
