//! Futures that are dropped at any moment: before they are polled, while they wait, and after a counterpart has
//! completed them but before they have seen it.

use vela::{TryRecvError, channel};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::CAPACITIES;

// ---- sends ----

#[test]
fn send_from_before_the_first_poll_leaves_the_value() {
    let (tx, rx) = channel(1);
    let mut value = Some(1);
    drop(tx.send_from(&mut value));
    assert_eq!(value, Some(1));
    assert!(rx.is_empty());
}

#[test]
fn send_from_while_it_waits_gives_the_value_back() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let mut value = Some(1);
        drop(parked(tx.send_from(&mut value)));
        assert_eq!(value, Some(1));
        assert!(rx.drain().all(|value| value == 0));
    }
}

#[test]
fn send_from_that_was_served_but_not_polled_has_sent_the_value() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let mut value = Some(1);
        let send = parked(tx.send_from(&mut value));
        let first = rx.try_recv().unwrap();
        assert_eq!(send.wakes(), 1);
        drop(send);
        assert_eq!(value, None);
        assert_eq!(std::iter::once(first).chain(rx.drain()).filter(|&value| value == 1).count(), 1);
    }
}

#[test]
fn send_from_that_was_closed_but_not_polled_gives_the_value_back() {
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let mut value = Some(1);
        let send = parked(tx.send_from(&mut value));
        drop(rx);
        drop(send);
        assert_eq!(value, Some(1));
    }
}

#[test]
fn send_from_that_is_ready_leaves_nothing_or_all() {
    let (tx, rx) = channel(1);
    let mut value = Some(1);
    at_once(tx.send_from(&mut value)).unwrap();
    assert_eq!(value, None);
    value = Some(2);
    drop(rx);
    assert!(at_once(tx.send_from(&mut value)).is_err());
    assert_eq!(value, Some(2));
}

#[test]
fn a_dropped_send_that_was_not_served_never_arrives() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        drop(parked(tx.send(1)));
        assert!(rx.drain().all(|value| value == 0));
    }
}

#[test]
fn a_dropped_send_that_was_served_arrives_once() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let send = parked(tx.send(1));
        let first = rx.try_recv().unwrap();
        drop(send);
        assert_eq!(std::iter::once(first).chain(rx.drain()).filter(|&value| value == 1).count(), 1);
    }
}

/// The place of a sender that leaves is not lost, nor the wake-up of those behind it.
#[test]
fn a_dropped_send_does_not_keep_those_behind_it_waiting() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let first = parked(tx.send(1));
        let mut second = parked(tx.send(2));
        drop(first);
        assert_eq!(rx.drain().last(), Some(2));
        assert_eq!(second.wakes(), 1);
        second.ready().unwrap();
    }
}

// ---- receives ----

#[test]
fn a_receive_dropped_while_it_waits_takes_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        drop(parked(rx.recv()));
        let mut batch = Vec::new();
        drop(parked(rx.recv_many(&mut batch, 3)));
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(receive.ready(), Some(1), "capacity {capacity}");
        assert!(batch.is_empty());
    }
}

#[test]
fn a_value_handed_to_a_dropped_receive_goes_to_the_next_receiver() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let first = parked(rx.recv());
        let mut second = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!((first.wakes(), second.wakes(), rx.len()), (1, 0, 0));
        drop(first);
        assert_eq!(second.wakes(), 1, "capacity {capacity}");
        assert_eq!(second.ready(), Some(1));
    }
}

#[test]
fn a_value_handed_to_a_dropped_receive_is_in_the_channel_again() {
    for capacity in CAPACITIES {
        for how in 0..4 {
            let (tx, rx) = channel(capacity);
            let receive = parked(rx.recv());
            tx.try_send(1).unwrap();
            drop(receive);
            assert_eq!((tx.len(), rx.len(), rx.is_empty()), (1, 1, false), "capacity {capacity}");
            let got = match how {
                0 => rx.try_recv().ok(),
                1 => at_once(rx.recv()),
                2 => rx.drain().next(),
                _ => {
                    let mut batch = Vec::new();
                    at_once(rx.recv_many(&mut batch, 9));
                    batch.pop()
                }
            };
            assert_eq!(got, Some(1), "capacity {capacity}");
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

#[test]
fn a_value_handed_to_a_dropped_recv_many_is_in_the_channel_again() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut batch = Vec::new();
        let receive = parked(rx.recv_many(&mut batch, 9));
        tx.try_send(1).unwrap();
        drop(receive);
        assert!(batch.is_empty());
        assert_eq!(rx.try_recv(), Ok(1), "capacity {capacity}");
    }
}

#[test]
fn values_that_came_back_may_exceed_the_capacity() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = channel(capacity);
        let receivers: Vec<_> = (0..5).map(|_| parked(rx.recv())).collect();
        for n in 0..5 {
            tx.try_send(n).unwrap();
        }
        assert_eq!(rx.len(), 0);
        for n in 5..5 + capacity {
            tx.try_send(n).unwrap();
        }
        assert!(tx.try_send(99).is_err());
        drop(receivers);
        assert_eq!(rx.len(), 5 + capacity);
        assert!(tx.try_send(99).is_err());
        let mut late = parked(tx.send(5 + capacity));
        assert!(rx.drain().eq(0..=5 + capacity), "capacity {capacity}");
        late.ready().unwrap();
    }
}

#[test]
fn a_receive_dropped_before_its_first_poll_is_nobody() {
    let (tx, rx) = channel(0);
    drop(rx.recv());
    assert!(tx.try_send(1).is_err());
}

#[test]
fn a_dropped_receive_after_the_close_leaves_the_end_to_others() {
    let (tx, rx) = channel::<u32>(0);
    let first = parked(rx.recv());
    let mut second = parked(rx.recv());
    drop(tx);
    drop(first);
    assert_eq!(second.ready(), None);
}

// ---- both ----

/// Whatever is dropped at whatever stage: each value that was sent is received once, in order.
#[test]
fn a_pair_of_cancelled_ends_loses_and_duplicates_nothing() {
    for capacity in [0, 1, 2, 5] {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (tx, rx) = channel(capacity);
            let mut pending = None;
            let mut next = 0_u32;
            let mut expected = 0_u32;
            for _ in 0..40 {
                if pending.is_none() {
                    pending = Some(next);
                    next += 1;
                }
                let mut send = ByHand::new(tx.send_from(&mut pending));
                let mut receive = ByHand::new(rx.recv());
                for _ in 0..random.u8(0..6) {
                    if random.bool() {
                        if send.poll().is_ready() {
                            break;
                        }
                    } else if let std::task::Poll::Ready(value) = receive.poll() {
                        assert_eq!(value, Some(expected), "capacity {capacity}, seed {seed}");
                        expected += 1;
                        break;
                    }
                }
                if random.bool() {
                    drop(send);
                    drop(receive);
                } else {
                    drop(receive);
                    drop(send);
                }
            }
            let sent = next - u32::from(pending.is_some());
            assert_eq!(rx.len() as u32, sent - expected, "capacity {capacity}, seed {seed}");
            assert!(rx.drain().eq(expected..sent), "capacity {capacity}, seed {seed}");
        }
    }
}
