//! Capacity 0: a send completes when a receiver has the value.

use vela::{TryRecvError, TrySendError, channel};

use super::by_hand::{at_once, parked};
use super::runtimes::on_both_runtimes;

#[test]
fn a_send_waits_until_a_receiver_has_the_value() {
    let (tx, rx) = channel(0);
    let mut send = parked(tx.send(1));
    send.pending();
    assert_eq!(at_once(rx.recv()), Some(1));
    assert_eq!(send.wakes(), 1);
    send.ready().unwrap();
}

#[test]
fn a_send_to_a_waiting_receiver_completes_at_once() {
    let (tx, rx) = channel(0);
    let mut receive = parked(rx.recv());
    at_once(tx.send(1)).unwrap();
    assert_eq!(receive.wakes(), 1);
    assert_eq!(receive.ready(), Some(1));
}

#[test]
fn try_send_succeeds_only_if_a_receiver_is_parked() {
    let (tx, rx) = channel(0);
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    let mut receive = parked(rx.recv());
    assert_eq!(tx.try_send(2), Ok(()));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(receive.ready(), Some(2));
    assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)));
    drop(parked(rx.recv()));
    assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)));
    drop(rx.recv());
    assert_eq!(tx.try_send(6), Err(TrySendError::Full(6)));
}

#[test]
fn try_recv_succeeds_only_if_a_sender_is_parked() {
    let (tx, rx) = channel(0);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let mut send = parked(tx.send(1));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    send.ready().unwrap();
    drop(parked(tx.send(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    drop(tx.send(3));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_reserving_sender_is_no_sender_that_waits() {
    let (tx, rx) = channel::<u8>(0);
    let _reserve = parked(tx.reserve());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn nothing_is_ever_buffered() {
    let (tx, rx) = channel(0);
    let mut first = parked(tx.send(1));
    let mut second = parked(tx.send(2));
    assert_eq!((tx.len(), rx.len()), (0, 0));
    assert!(rx.is_empty() && tx.is_full());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    first.ready().unwrap();
    second.pending();
}

#[test]
fn a_cancelled_send_never_arrives() {
    let (tx, rx) = channel(0);
    let send = parked(tx.send(1));
    let mut other = parked(tx.send(2));
    drop(send);
    assert_eq!(rx.try_recv(), Ok(2));
    other.ready().unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

on_both_runtimes! {
    async fn sender_and_receiver_go_in_step() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicU32, Ordering};

        let received = Arc::new(AtomicU32::new(0));
        let (tx, rx) = channel(0);
        let begun = Arc::clone(&received);
        let receiver = tokio::spawn(async move {
            loop {
                begun.fetch_add(1, Ordering::Relaxed);
                if rx.recv().await.is_none() {
                    break;
                }
            }
        });
        for n in 1..=5_000 {
            tx.send(n).await.unwrap();
            // The n-th receive has begun, and none of n + 2 or later can have.
            let begun = received.load(Ordering::Relaxed);
            assert!(begun == n || begun == n + 1, "send {n} completed after receive {begun} began");
        }
        drop(tx);
        receiver.await.unwrap();
    }
}
