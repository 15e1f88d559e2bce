//! `send_all` and `recv_many`, whole and interrupted.

use std::collections::VecDeque;

use vela::{Channel, Overflow, SendErrorKind, channel};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

#[test]
fn send_all_sends_as_much_as_there_is_room_for_then_waits() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = channel(capacity);
        let mut batch: VecDeque<_> = (0..12).collect();
        let mut send = parked(tx.send_all(&mut batch));
        assert_eq!(rx.len(), capacity);
        let mut got = Vec::new();
        loop {
            got.extend(rx.drain());
            if send.poll().is_ready() {
                break;
            }
        }
        drop(send);
        got.extend(rx.drain());
        assert_eq!(got, (0..12).collect::<Vec<_>>());
        assert!(batch.is_empty());
    }
}

#[test]
fn send_all_serves_parked_receivers_each_with_one_value() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut receivers: Vec<_> = (0..8).map(|_| parked(rx.recv())).collect();
        at_once(tx.send_all(&mut (0..8).collect())).unwrap();
        for (n, receiver) in receivers.iter_mut().enumerate() {
            assert_eq!((receiver.wakes(), receiver.ready()), (1, Some(n)), "capacity {capacity}");
        }
    }
}

#[test]
fn send_all_on_an_unbounded_channel_never_waits() {
    let (tx, rx) = channel(usize::MAX);
    at_once(tx.send_all(&mut (0..10_000).collect())).unwrap();
    assert!(rx.drain().eq(0..10_000));
}

/// At every point at which it can be dropped, what has not been sent is in the queue, in order.
#[test]
fn a_dropped_send_all_leaves_what_was_not_sent() {
    for capacity in [0, 1, 2, 5] {
        for polls in 0..8 {
            // Received before each poll but the first, and after the last poll: the waiting value is served, not seen.
            for served_last in [false, true] {
                let (tx, rx) = channel(capacity);
                let mut batch: VecDeque<_> = (0..20).collect();
                let mut got = Vec::new();
                let mut send = ByHand::new(tx.send_all(&mut batch));
                for poll in 0..polls {
                    if poll > 0 {
                        got.extend(rx.try_recv());
                    }
                    send.pending();
                }
                if served_last {
                    got.extend(rx.try_recv());
                }
                drop(send);
                got.extend(rx.drain());
                got.extend(batch.iter());
                assert_eq!(got, (0..20).collect::<Vec<_>>(), "capacity {capacity}, {polls} polls");
            }
        }
    }
}

#[test]
fn send_all_leaves_the_rest_when_the_channel_closes() {
    for capacity in [0, 1, 5] {
        for polled in [false, true] {
            let (tx, rx) = channel(capacity);
            let mut batch: VecDeque<_> = (0..20).collect();
            let mut send = parked(tx.send_all(&mut batch));
            let got: Vec<_> = rx.drain().collect();
            rx.close();
            if polled {
                assert_eq!(send.ready().unwrap_err().kind(), SendErrorKind::Closed);
            }
            drop(send);
            let all: Vec<_> = got.into_iter().chain(rx.drain()).chain(batch).collect();
            assert_eq!(all, (0..20).collect::<Vec<_>>(), "capacity {capacity}");
        }
    }
}

#[test]
fn send_all_follows_the_policy_of_the_channel() {
    let (tx, rx) = Channel::bounded(3).overflow(Overflow::Reject).build().unwrap();
    let mut batch: VecDeque<_> = (0..5).collect();
    assert_eq!(at_once(tx.send_all(&mut batch)).unwrap_err().kind(), SendErrorKind::Full);
    assert_eq!(batch, [3, 4]);
    assert!(rx.drain().eq(0..3));

    let (tx, rx) = Channel::bounded(3).overflow(Overflow::DropOldest).build().unwrap();
    at_once(tx.send_all(&mut (0..9).collect())).unwrap();
    assert!(rx.drain().eq(6..9));
    assert_eq!(tx.dropped(), 6);

    let (tx, rx) = Channel::bounded(3).overflow(Overflow::DropNewest).build().unwrap();
    at_once(tx.send_all(&mut (0..9).collect())).unwrap();
    assert!(rx.drain().eq(0..3));
    assert_eq!(tx.dropped(), 6);
}

#[test]
fn a_waiting_send_all_keeps_its_place_in_the_queue() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let mut batch = VecDeque::from([1]);
    let mut all = parked(tx.send_all(&mut batch));
    let mut other = parked(tx.send(2));
    assert!(rx.drain().eq([0, 1, 2]));
    all.ready().unwrap();
    other.ready().unwrap();
}

#[test]
fn recv_many_fills_the_vec_in_its_own_poll_only() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut batch = vec![99];
        let mut many = parked(rx.recv_many(&mut batch, 5));
        tx.try_send(1).unwrap();
        for n in 2..2 + capacity.min(3) {
            tx.try_send(n).unwrap();
        }
        let taken = many.ready();
        drop(many);
        assert_eq!(taken, 1 + capacity.min(3));
        assert_eq!(batch, std::iter::once(99).chain(1..2 + capacity.min(3)).collect::<Vec<_>>());
        assert!(rx.is_empty());
    }
}

#[test]
fn recv_many_keeps_the_order_with_values_that_came_back() {
    let (tx, rx) = channel(3);
    let handed: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
    for n in 0..6 {
        tx.try_send(n).unwrap();
    }
    let mut waiting = parked(tx.send(6));
    drop(handed);
    let mut batch = Vec::new();
    assert_eq!(at_once(rx.recv_many(&mut batch, 99)), 7);
    assert_eq!(batch, [0, 1, 2, 3, 4, 5, 6]);
    waiting.ready().unwrap();
}

on_both_runtimes! {
    async fn batches_on_both_sides_lose_nothing() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            let sender = tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(7);
                let mut next = 0_u32;
                while next < 5_000 {
                    let end = next + random.u32(1..40);
                    tx.send_all(&mut (next..end).collect()).await.unwrap();
                    next = end;
                }
                next
            });
            let mut random = fastrand::Rng::with_seed(8);
            let mut got = Vec::new();
            loop {
                let max = random.usize(1..30);
                let taken = rx.recv_many(&mut got, max).await;
                assert!(taken <= max);
                if taken == 0 {
                    break;
                }
            }
            let sent = sender.await.unwrap();
            assert_eq!(got, (0..sent).collect::<Vec<_>>(), "capacity {capacity}");
        }
    }
}

/// What a closed channel still has comes out in order, whole, then the end; one by one and in bulk, in a task and outside.
#[tokio::test]
async fn what_is_left_at_the_end_is_received_whole() {
    for capacity in [5_000, usize::MAX] {
        let (tx, rx) = channel(capacity);
        for n in 0..2_000_u64 {
            tx.send([n; 8]).await.unwrap();
        }
        tx.send_all(&mut (2_000..4_000).map(|n| [n; 8]).collect()).await.unwrap();
        drop(tx);
        let (mut next, mut batch) = (0, Vec::new());
        while next < 3_700 {
            if next % 2 == 0 {
                batch.extend(rx.recv().await);
            } else {
                assert_eq!(rx.recv_many(&mut batch, 300).await, 300);
            }
            for value in batch.drain(..) {
                assert_eq!(value, [next; 8]);
                next += 1;
            }
        }
        let left = usize::try_from(4_000 - next).unwrap();
        assert_eq!(rx.recv_many(&mut batch, 1_000).await, left);
        assert!(batch.iter().map(|value| value[0]).eq(next..4_000));
        assert_eq!((rx.recv().await, rx.recv_many(&mut batch, 1).await, rx.len()), (None, 0, 0));
    }
}

/// One waits for room, the rest of the full channel is taken in the same call.
#[test]
fn recv_many_of_a_full_channel_lets_the_waiting_sender_in_and_takes_the_rest() {
    let (tx, rx) = channel(4);
    at_once(tx.send_all(&mut (0..4).collect())).unwrap();
    let mut batch: VecDeque<_> = (4..7).collect();
    let mut more = parked(tx.send_all(&mut batch));
    let mut got = Vec::new();
    assert_eq!(at_once(rx.recv_many(&mut got, 4)), 4);
    assert_eq!((got.as_slice(), rx.len(), more.wakes()), (&[0, 1, 2, 3][..], 1, 1));
    more.ready().unwrap();
    assert!(rx.drain().eq(4..7));
}
