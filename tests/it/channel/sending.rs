//! Every way to send.

use std::collections::VecDeque;
use std::pin::Pin;

use futures_util::SinkExt;
use vela::time::{ms, secs};
use vela::{Channel, Receiver, SendTimeoutError, Sender, TrySendError, channel};

use super::by_hand::{at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

type Way = fn(Sender<u32>, u32) -> Pin<Box<dyn Future<Output = bool> + Send>>;

/// Every way that waits.
const WAYS: [(&str, Way); 7] = [
    ("send", |tx, n| Box::pin(async move { tx.send(n).await.is_ok() })),
    ("send_timeout", |tx, n| Box::pin(async move { tx.send_timeout(n, secs(3600)).await.is_ok() })),
    ("send_from", |tx, n| {
        Box::pin(async move {
            let mut value = Some(n);
            let sent = tx.send_from(&mut value).await.is_ok();
            assert_eq!(value.is_none(), sent);
            sent
        })
    }),
    ("send_all", |tx, n| Box::pin(async move { tx.send_all(&mut VecDeque::from([n])).await.is_ok() })),
    ("reserve", |tx, n| Box::pin(async move { tx.reserve().await.is_ok_and(|permit| permit.send(n).is_ok()) })),
    ("sink", |tx, n| Box::pin(async move { tx.sink().send(n).await.is_ok() })),
    ("send_blocking", |tx, n| {
        Box::pin(async move { tokio::task::spawn_blocking(move || tx.send_blocking(n).is_ok()).await.unwrap() })
    }),
];

on_both_runtimes! {
    async fn every_way_of_sending_meets_a_receiver() {
        for capacity in CAPACITIES {
            for (name, way) in WAYS {
                let (tx, rx) = channel(capacity);
                let sender = tokio::spawn(async move {
                    for n in 0..50 {
                        assert!(way(tx.clone(), n).await);
                    }
                });
                for n in 0..50 {
                    assert_eq!(rx.recv().await, Some(n), "{name} at capacity {capacity}");
                }
                assert_eq!(rx.recv().await, None);
                sender.await.unwrap();
            }
        }
    }

    async fn every_way_of_sending_waits_for_room() {
        for (name, way) in WAYS {
            let (tx, rx) = channel(1);
            tx.try_send(0).unwrap();
            let sender = tokio::spawn(way(tx.clone(), 1));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert!(!sender.is_finished(), "{name}");
            assert_eq!((rx.recv().await, rx.recv().await), (Some(0), Some(1)), "{name}");
            assert!(sender.await.unwrap());
        }
    }

    async fn every_way_of_sending_ends_when_the_channel_closes() {
        for (name, way) in WAYS {
            for close_first in [true, false] {
                let (tx, rx) = channel(1);
                tx.try_send(0).unwrap();
                if close_first {
                    drop(rx);
                    assert!(!way(tx, 1).await, "{name}");
                } else {
                    let sender = tokio::spawn(way(tx, 1));
                    tokio::task::yield_now().await;
                    drop(rx);
                    assert!(!sender.await.unwrap(), "{name}");
                }
            }
        }
    }
}

#[test]
fn try_send_fills_the_buffer_and_no_more() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        assert_eq!(tx.try_send(99), Err(TrySendError::Full(99)));
        rx.try_recv().unwrap();
        tx.try_send(capacity).unwrap();
        assert!(rx.drain().eq(1..=capacity));
    }
}

#[test]
fn a_future_that_is_never_polled_sends_nothing() {
    let (tx, rx) = channel(5);
    let mut option = Some(1);
    let mut queue = VecDeque::from([2]);
    drop(tx.send(0));
    drop(tx.send_from(&mut option));
    drop(tx.send_all(&mut queue));
    drop(tx.send_timeout(3, secs(1)));
    drop(tx.reserve());
    assert!(rx.is_empty());
    assert_eq!((option, queue), (Some(1), VecDeque::from([2])));
    assert_eq!((0..9).filter(|&n| tx.try_send(n).is_ok()).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn send_timeout_waits_as_long_as_it_says() {
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let start = tokio::time::Instant::now();
        assert_eq!(tx.send_timeout(1, ms(250)).await, Err(SendTimeoutError::Timeout(1)));
        assert_eq!(start.elapsed(), ms(250));
        assert_eq!(tx.send_timeout(2, ms(0)).await, Err(SendTimeoutError::Timeout(2)));
        assert_eq!(start.elapsed(), ms(250));
        // A timeout leaves no waiter: the next value is the next sender's.
        let mut send = parked(tx.send(3));
        let got: Vec<_> = rx.drain().collect();
        assert_eq!(got.last(), Some(&3));
        assert!(!got.contains(&1) && !got.contains(&2));
        send.ready().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn send_timeout_succeeds_when_room_comes_in_time() {
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let receiver = tokio::spawn(async move {
            tokio::time::sleep(ms(100)).await;
            let got: Vec<_> = rx.drain().collect();
            (got, rx)
        });
        assert_eq!(tx.send_timeout(1, ms(101)).await, Ok(()));
        assert_eq!(receiver.await.unwrap().0.last(), Some(&1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_huge_timeout_is_for_ever() {
    let (tx, rx) = channel(0);
    let sender = tokio::spawn(async move { tx.send_timeout(1, std::time::Duration::MAX).await });
    tokio::time::sleep(secs(1_000_000)).await;
    assert_eq!(rx.recv_timeout(std::time::Duration::MAX).await, Ok(1));
    assert_eq!(sender.await.unwrap(), Ok(()));
}

/// The cooperative budget of a task must not be taken for "full", nor for "too late".
#[tokio::test]
async fn send_timeout_zero_succeeds_as_long_as_there_is_room() {
    let (tx, rx) = channel(1000);
    for n in 0..1000 {
        assert_eq!(tx.send_timeout(n, ms(0)).await, Ok(()));
    }
    assert!(rx.drain().eq(0..1000));
}

#[test]
fn send_from_of_nothing_is_success() {
    let (tx, _rx) = channel::<u32>(0);
    at_once(tx.send_from(&mut None)).unwrap();
    tx.close();
    at_once(tx.send_from(&mut None)).unwrap();
    at_once(tx.send_all(&mut VecDeque::new())).unwrap();
}

#[test]
fn a_channel_in_one_hand_sends_and_receives() {
    let both = Channel::new(2);
    let clone = both.clone();
    both.sender().try_send(1).unwrap();
    assert_eq!(clone.receiver().try_recv(), Ok(1));
    assert_eq!(both.sender().sender_count(), 2);
    drop(clone);
    let (tx, rx): (Sender<u32>, Receiver<u32>) = both.split();
    assert_eq!((tx.sender_count(), rx.receiver_count()), (1, 1));
}

/// Polling a finished future again is a caller's bug; it must not harm those who share the channel.
#[test]
fn a_send_polled_after_its_end_does_not_disturb_the_channel() {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    let (tx, rx) = channel(1);
    let mut finished = super::by_hand::ByHand::new(tx.send(1));
    finished.ready().unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| finished.poll().is_pending()));
    assert_eq!(rx.try_recv(), Ok(1));
    drop(finished);
    assert_eq!(tx.try_send(2), Ok(()), "a place was lost");
    assert_eq!(rx.try_recv(), Ok(2));

    let (tx, rx) = channel(0);
    let mut receive = parked(rx.recv());
    let mut finished = super::by_hand::ByHand::new(tx.send(1));
    finished.ready().unwrap();
    assert_eq!(receive.ready(), Some(1));
    let _ = catch_unwind(AssertUnwindSafe(|| finished.poll().is_pending()));
    let _other = parked(tx.send(2));
    assert_eq!(rx.try_recv(), Ok(2), "a sender is hidden");
}
