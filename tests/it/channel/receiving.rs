//! Every way to receive.

use std::pin::Pin;

use futures_util::StreamExt;
use vela::time::{ms, secs};
use vela::{Receiver, RecvTimeoutError, TryRecvError, channel};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

type Way = fn(Receiver<u32>) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>>;

/// Every way that waits.
const WAYS: [(&str, Way); 6] = [
    ("recv", |rx| Box::pin(async move { rx.recv().await })),
    ("recv_timeout", |rx| Box::pin(async move { rx.recv_timeout(secs(3600)).await.ok() })),
    ("recv_many", |rx| {
        Box::pin(async move {
            let mut one = Vec::new();
            assert_eq!(rx.recv_many(&mut one, 1).await, one.len());
            one.pop()
        })
    }),
    ("stream", |rx| Box::pin(async move { rx.stream().next().await })),
    ("recv_blocking", |rx| {
        Box::pin(async move { tokio::task::spawn_blocking(move || rx.recv_blocking()).await.unwrap() })
    }),
    ("iter_blocking", |rx| {
        Box::pin(async move { tokio::task::spawn_blocking(move || rx.iter_blocking().next()).await.unwrap() })
    }),
];

on_both_runtimes! {
    async fn every_way_of_receiving_meets_a_sender() {
        for capacity in CAPACITIES {
            for (name, way) in WAYS {
                let (tx, rx) = channel(capacity);
                let sender = tokio::spawn(async move {
                    for n in 0..50 {
                        tx.send(n).await.unwrap();
                    }
                });
                for n in 0..50 {
                    assert_eq!(way(rx.clone()).await, Some(n), "{name} at capacity {capacity}");
                }
                sender.await.unwrap();
                assert_eq!(way(rx.clone()).await, None, "{name} at capacity {capacity}");
            }
        }
    }

    async fn every_way_of_receiving_waits_for_a_value() {
        for capacity in CAPACITIES {
            for (name, way) in WAYS {
                let (tx, rx) = channel(capacity);
                let receiver = tokio::spawn(way(rx.clone()));
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                assert!(!receiver.is_finished(), "{name}");
                tx.send(7).await.unwrap();
                assert_eq!(receiver.await.unwrap(), Some(7), "{name} at capacity {capacity}");
            }
        }
    }
}

#[test]
fn try_recv_takes_what_is_there() {
    let (tx, rx) = channel(2);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[tokio::test(start_paused = true)]
async fn recv_timeout_waits_as_long_as_it_says() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let start = tokio::time::Instant::now();
        assert_eq!(rx.recv_timeout(ms(250)).await, Err(RecvTimeoutError::Timeout));
        assert_eq!(start.elapsed(), ms(250));
        assert_eq!(rx.recv_timeout(ms(0)).await, Err(RecvTimeoutError::Timeout));
        // The timeout has left no waiter that swallows the next value.
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(receive.ready(), Some(1));
        let _send = (capacity > 0).then(|| tx.try_send(2).unwrap());
        if capacity > 0 {
            assert_eq!(rx.recv_timeout(ms(0)).await, Ok(2), "what is there counts at any timeout");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_timed_out_takes_nothing_any_more() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut timed_out = Box::pin(rx.recv_timeout(ms(10)));
        assert_eq!((&mut timed_out).await, Err(RecvTimeoutError::Timeout));
        // The future is there still, as in a `select` loop that reuses its place.
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(receive.ready(), Some(1), "capacity {capacity}");
    }
}

#[tokio::test]
async fn recv_timeout_zero_succeeds_as_long_as_there_are_values() {
    let (tx, rx) = channel(1000);
    for n in 0..1000 {
        tx.try_send(n).unwrap();
    }
    for n in 0..1000 {
        assert_eq!(rx.recv_timeout(ms(0)).await, Ok(n));
    }
}

#[test]
fn recv_many_takes_what_is_there_up_to_the_limit() {
    for capacity in [5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        for n in 0..5 {
            tx.try_send(n).unwrap();
        }
        let mut batch = vec![99];
        assert_eq!(at_once(rx.recv_many(&mut batch, 3)), 3);
        assert_eq!(batch, [99, 0, 1, 2]);
        assert_eq!(at_once(rx.recv_many(&mut batch, 30)), 2);
        assert_eq!(batch, [99, 0, 1, 2, 3, 4]);
    }
}

#[test]
fn recv_many_takes_from_parked_senders_too() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        let mut senders: Vec<_> = (capacity..10).map(|n| parked(tx.send(n))).collect();
        let mut batch = Vec::new();
        assert_eq!(at_once(rx.recv_many(&mut batch, 8)), 8);
        assert_eq!(at_once(rx.recv_many(&mut batch, 8)), 2);
        assert_eq!(batch, (0..10).collect::<Vec<_>>());
        for sender in &mut senders {
            assert_eq!(sender.wakes(), 1);
            sender.ready().unwrap();
        }
    }
}

#[test]
fn recv_many_of_none_is_ready_and_takes_nothing() {
    let (tx, rx) = channel(1);
    let mut batch = Vec::new();
    assert_eq!(at_once(rx.recv_many(&mut batch, 0)), 0);
    tx.try_send(1).unwrap();
    assert_eq!(at_once(rx.recv_many(&mut batch, 0)), 0);
    assert_eq!(rx.len(), 1);
}

#[test]
fn try_recv_many_takes_without_waiting() {
    let (tx, rx) = channel(0);
    let mut batch = Vec::new();
    assert_eq!(rx.try_recv_many(&mut batch, 9), 0);
    let _senders: Vec<_> = (0..4).map(|n| parked(tx.send(n))).collect();
    assert_eq!(rx.try_recv_many(&mut batch, 3), 3);
    assert_eq!(rx.try_recv_many(&mut batch, 3), 1);
    assert_eq!(batch, [0, 1, 2, 3]);
}

#[test]
fn drain_gives_what_is_there_and_leaves_the_rest() {
    let (tx, rx) = channel(5);
    for n in 0..5 {
        tx.try_send(n).unwrap();
    }
    assert!(rx.drain().take(2).eq([0, 1]));
    assert_eq!(rx.len(), 3);
    assert!(rx.drain().eq([2, 3, 4]));
    assert_eq!(rx.drain().next(), None);
}

#[test]
fn a_receive_that_is_never_polled_takes_nothing() {
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    drop(rx.recv());
    drop(rx.recv_many(&mut Vec::new(), 3));
    drop(rx.recv_timeout(secs(1)));
    drop(rx.stream());
    let _ = rx.drain();
    assert_eq!(rx.len(), 1);
}

#[test]
fn a_receiver_polled_again_after_its_end_takes_a_value_of_its_own_or_none() {
    let (tx, rx) = channel(2);
    tx.try_send(1).unwrap();
    let mut receive = ByHand::new(rx.recv());
    assert_eq!(receive.ready(), Some(1));
    drop(receive);
    tx.try_send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
}
