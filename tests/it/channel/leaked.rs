//! Futures that are leaked: their nodes stay in the lists, and their borrows end.

use std::collections::VecDeque;

use futures_util::StreamExt;
use vela::{TryRecvError, channel};

use super::by_hand::{at_once, parked};
use super::runtimes::CAPACITIES;
use super::tally::Tally;

#[test]
fn a_leaked_receive_stays_a_waiter_and_holds_one_value_at_most() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        parked(rx.recv()).forget();
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        receive.pending();
        tx.try_send(2).unwrap();
        assert_eq!(receive.ready(), Some(2), "capacity {capacity}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        let mut again = parked(rx.recv());
        tx.try_send(3).unwrap();
        assert_eq!(again.ready(), Some(3));
    }
}

#[test]
fn a_leaked_send_stays_a_waiter_and_its_value_is_received() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        parked(tx.send(capacity)).forget();
        let mut send = parked(tx.send(capacity + 1));
        assert!(rx.drain().eq(0..capacity + 2));
        send.ready().unwrap();
    }
}

#[test]
fn a_leaked_send_from_keeps_the_value_and_frees_the_option() {
    let (tx, rx) = channel(0);
    let mut value = Some(1);
    parked(tx.send_from(&mut value)).forget();
    assert_eq!(value, None);
    value = Some(2);
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(value, Some(2));
}

#[test]
fn a_leaked_send_all_keeps_one_value() {
    let (tx, rx) = channel(1);
    let mut batch: VecDeque<_> = (0..5).collect();
    parked(tx.send_all(&mut batch)).forget();
    assert_eq!(batch, [2, 3, 4]);
    assert!(rx.drain().eq([0, 1]));
}

#[test]
fn a_leaked_recv_many_does_not_touch_the_vec() {
    let (tx, rx) = channel(4);
    let mut batch = Vec::new();
    parked(rx.recv_many(&mut batch, 9)).forget();
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    batch.push(99);
    assert_eq!(batch, [99]);
    assert_eq!(rx.try_recv(), Ok(2), "the first value is with the leaked future");
}

#[test]
fn a_leaked_reserve_keeps_a_place_once_it_is_granted() {
    let (tx, rx) = channel(2);
    tx.try_send(0).unwrap();
    tx.try_send(1).unwrap();
    parked(tx.reserve()).forget();
    assert!(rx.drain().eq([0, 1]));
    assert_eq!((0..9).filter(|&n| tx.try_send(n).is_ok()).count(), 1);
}

#[test]
fn leaked_waiters_do_not_stop_a_close() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel::<u8>(capacity);
        parked(rx.recv()).forget();
        parked(rx.closed()).forget();
        let mut other = parked(rx.recv());
        drop(tx);
        assert_eq!(other.ready(), None);

        let (tx, rx) = channel(0);
        parked(tx.send(1)).forget();
        parked(tx.reserve()).forget();
        let mut other = parked(tx.send(2));
        drop(rx);
        assert_eq!(other.ready().unwrap_err().into_inner(), 2);
    }
}

/// The memory of a leaked future lives on; the channel's does not.
#[test]
fn a_channel_is_torn_down_under_its_leaked_waiters() {
    for capacity in CAPACITIES {
        let tally = Tally::default();
        let (tx, rx) = channel(capacity);
        parked(rx.recv()).forget();
        parked(rx.recv()).forget();
        assert!(tx.try_send(tally.value(0)).is_ok());
        drop((tx, rx));
        assert_eq!(tally.alive(), 1, "one leaked future got one value");

        let (tx, rx) = channel(capacity.min(2));
        while tx.try_send(tally.value(1 + tx.len() as u64)).is_ok() {}
        let alive = tally.alive();
        parked(tx.send(tally.value(100))).forget();
        drop((tx, rx));
        assert_eq!(tally.alive(), alive - capacity.min(2) + 1);
    }
}

#[test]
fn a_leaked_stream_only_swallows_a_wake_up() {
    let (tx, rx) = channel(2);
    let mut stream = rx.stream();
    assert!(parked(stream.next()).wakes() == 0);
    std::mem::forget(stream);
    tx.try_send(1).unwrap();
    assert_eq!(at_once(rx.recv()), Some(1));
    let mut receive = parked(rx.recv());
    tx.try_send(2).unwrap();
    assert_eq!(receive.ready(), Some(2));
}
