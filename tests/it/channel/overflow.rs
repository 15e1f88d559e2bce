//! What a full channel does with one more value.

use std::collections::VecDeque;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use vela::time::{ms, secs};
use vela::{BuildError, Channel, Overflow, Receiver, SendError, SendErrorKind, Sender, TrySendError};

use super::by_hand::{at_once, parked};
use super::runtimes::on_both_runtimes;

fn build(capacity: usize, overflow: Overflow) -> (Sender<u32>, Receiver<u32>) {
    Channel::bounded(capacity).overflow(overflow).build().unwrap()
}

fn failed(result: Result<(), SendError<u32>>) -> (SendErrorKind, u32) {
    let error = result.unwrap_err();
    (error.kind(), error.into_inner())
}

const RETRY: Overflow = Overflow::Retry { attempts: 3, backoff: ms(10) };

#[test]
fn block_is_the_default() {
    assert_eq!(Overflow::default(), Overflow::Block);
    let (tx, rx) = Channel::bounded(1).build().unwrap();
    tx.try_send(0).unwrap();
    let mut send = parked(tx.send(1));
    rx.try_recv().unwrap();
    send.ready().unwrap();
    assert_eq!(tx.dropped(), 0);
}

#[test]
fn reject_fails_at_once() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = build(capacity, Overflow::Reject);
        for n in 0..capacity as u32 {
            at_once(tx.send(n)).unwrap();
        }
        assert_eq!(failed(at_once(tx.send(9))), (SendErrorKind::Full, 9));
        assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
        let mut value = Some(8);
        assert_eq!(at_once(tx.send_from(&mut value)).unwrap_err().kind(), SendErrorKind::Full);
        assert_eq!(value, Some(8));
        assert_eq!(failed(tx.send_blocking(9)), (SendErrorKind::Full, 9));
        assert_eq!(rx.len(), capacity);
        let _ = rx.drain().count();
        let mut receive = parked(rx.recv());
        at_once(tx.send(7)).unwrap();
        assert_eq!(receive.ready(), Some(7));
        rx.close();
        assert_eq!(failed(at_once(tx.send(6))), (SendErrorKind::Closed, 6));
        assert_eq!(tx.dropped(), 0);
    }
}

on_both_runtimes! {
    /// A task whose cooperative budget is used up gives way; the channel is no fuller for that.
    async fn reject_and_retry_fail_only_if_the_channel_is_full() {
        for overflow in [
            Overflow::Reject,
            Overflow::Retry { attempts: 0, backoff: ms(1) },
            Overflow::Timeout(Duration::ZERO),
        ] {
            let task = tokio::spawn(async move {
                let (tx, rx) = build(1000, overflow);
                for n in 0..1000 {
                    assert!(tx.send(n).await.is_ok(), "{overflow:?}: send {n} of 1000 failed on a channel with room");
                }
                assert!(tx.send(1000).await.is_err());
                assert!(rx.drain().eq(0..1000));
            });
            task.await.unwrap();
        }
    }
}

on_both_runtimes! {
    async fn under_drop_policies_what_was_sent_is_received_or_counted() {
        for policy in [Overflow::DropOldest, Overflow::DropNewest] {
            let (tx, rx) = build(3, policy);
            let senders: Vec<_> = (0..3)
                .map(|sender| {
                    let tx = tx.clone();
                    tokio::spawn(async move {
                        for n in 0..2_000 {
                            tx.send(sender * 10_000 + n).await.unwrap();
                            if n % 5 == 0 {
                                tokio::task::yield_now().await;
                            }
                        }
                    })
                })
                .collect();
            drop(tx);
            let mut received = 0;
            let mut next = [0; 3];
            let mut cancelled = fastrand::Rng::with_seed(1);
            loop {
                let value = if cancelled.bool() {
                    // A value that is handed to this one comes back.
                    let mut receive = Box::pin(rx.recv());
                    let polled = std::future::poll_fn(|cx| Poll::Ready(receive.as_mut().poll(cx))).await;
                    match polled {
                        Poll::Ready(value) => value,
                        Poll::Pending => {
                            tokio::task::yield_now().await;
                            continue;
                        }
                    }
                } else {
                    rx.recv().await
                };
                let Some(value) = value else { break };
                received += 1;
                let (sender, n) = ((value / 10_000) as usize, value % 10_000);
                assert!(n >= next[sender], "{policy:?}");
                next[sender] = n + 1;
            }
            for sender in senders {
                sender.await.unwrap();
            }
            assert_eq!(received + rx.dropped(), 6_000, "{policy:?}");
        }
    }
}

#[test]
fn drop_oldest_keeps_the_newest_values_and_counts() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = build(capacity, Overflow::DropOldest);
        for n in 0..10 {
            match n % 3 {
                0 => tx.try_send(n).unwrap(),
                1 => at_once(tx.send(n)).unwrap(),
                _ => at_once(tx.send_from(&mut Some(n))).unwrap(),
            }
        }
        assert_eq!((tx.dropped(), rx.dropped()), (10 - capacity as u64, 10 - capacity as u64));
        assert_eq!(rx.len(), capacity);
        assert!(rx.drain().eq(10 - capacity as u32..10));
    }
}

#[test]
fn drop_newest_keeps_the_oldest_values_and_counts() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = build(capacity, Overflow::DropNewest);
        for n in 0..10 {
            match n % 3 {
                0 => tx.try_send(n).unwrap(),
                1 => at_once(tx.send(n)).unwrap(),
                _ => at_once(tx.send_from(&mut Some(n))).unwrap(),
            }
        }
        assert_eq!(tx.dropped(), 10 - capacity as u64);
        assert!(rx.drain().eq(0..capacity as u32));
    }
}

#[test]
fn drop_policies_hand_over_to_a_waiting_receiver_first() {
    for policy in [Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = build(1, policy);
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(tx.dropped(), 0);
        assert_eq!(receive.ready(), Some(1));
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

#[test]
fn drop_policies_fail_only_once_closed() {
    for policy in [Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = build(1, policy);
        tx.try_send(1).unwrap();
        rx.close();
        assert_eq!(tx.try_send(2), Err(TrySendError::Closed(2)));
        assert_eq!(failed(at_once(tx.send(2))), (SendErrorKind::Closed, 2));
        assert_eq!((rx.try_recv(), tx.dropped()), (Ok(1), 0));
    }
}

#[test]
fn a_dropped_value_is_dropped_once_and_at_once() {
    for policy in [Overflow::DropOldest, Overflow::DropNewest] {
        let tally = super::tally::Tally::default();
        let (tx, rx) = Channel::bounded(2).overflow(policy).build().unwrap();
        for n in 0..10 {
            assert!(tx.try_send(tally.value(n)).is_ok());
            assert_eq!(tally.alive(), 2.min(n as usize + 1));
        }
        at_once(tx.send(tally.value(10))).ok().unwrap();
        tx.try_reserve().unwrap().send(tally.value(11)).ok().unwrap();
        assert_eq!(tally.alive(), 2);
        drop((tx, rx));
        assert_eq!(tally.alive(), 0);
    }
}

/// What came back from dropped receivers is the oldest there is.
#[test]
fn drop_oldest_drops_what_came_back_first() {
    let (tx, rx) = build(1, Overflow::DropOldest);
    let handed: Vec<_> = (0..2).map(|_| parked(rx.recv())).collect();
    for n in 0..3 {
        tx.try_send(n).unwrap();
    }
    drop(handed);
    tx.try_send(3).unwrap();
    let left: Vec<_> = rx.drain().collect();
    assert_eq!(left, (4 - left.len() as u32..4).collect::<Vec<_>>(), "the newest stay, in order");
    assert_eq!(tx.dropped() as usize, 4 - left.len());
}

/// Nor does the channel stay larger than it is for good, once what came back is gone.
#[test]
fn drop_oldest_returns_to_its_capacity() {
    let (tx, rx) = build(1, Overflow::DropOldest);
    let handed: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
    for n in 0..4 {
        tx.try_send(n).unwrap();
    }
    drop(handed);
    for n in 4..100 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(rx.drain().collect::<Vec<_>>(), [99]);
    assert_eq!(tx.dropped(), 99);
}

#[tokio::test(start_paused = true)]
async fn timeout_waits_that_long_and_gives_the_value_back() {
    for capacity in [0, 1] {
        let (tx, rx) = build(capacity, Overflow::Timeout(ms(250)));
        while tx.try_send(0).is_ok() {}
        let start = Instant::now();
        assert_eq!(failed(tx.send(1).await), (SendErrorKind::TimedOut, 1));
        assert_eq!(start.elapsed(), ms(250));
        let mut value = Some(2);
        assert_eq!(tx.send_from(&mut value).await.unwrap_err().kind(), SendErrorKind::TimedOut);
        assert_eq!(value, Some(2));
        assert_eq!(start.elapsed(), ms(500));
        let mut queue = VecDeque::from([3, 4]);
        assert_eq!(tx.send_all(&mut queue).await.unwrap_err().kind(), SendErrorKind::TimedOut);
        assert_eq!(queue, [3, 4]);
        assert_eq!(start.elapsed(), ms(750));
        assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)));
        assert_eq!(rx.len(), capacity);
        assert_eq!(tx.dropped(), 0);
        rx.close();
        assert_eq!(failed(tx.send(1).await), (SendErrorKind::Closed, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn timeout_succeeds_when_room_comes_in_time() {
    for capacity in [0, 1] {
        let (tx, rx) = build(capacity, Overflow::Timeout(ms(250)));
        while tx.try_send(0).is_ok() {}
        let receiver = tokio::spawn(async move {
            tokio::time::sleep(ms(249)).await;
            rx.drain().last()
        });
        tx.send(1).await.unwrap();
        assert_eq!(receiver.await.unwrap(), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_timed_out_has_left_the_queue() {
    let (tx, rx) = build(1, Overflow::Timeout(ms(10)));
    tx.try_send(0).unwrap();
    assert!(tx.send(1).await.is_err());
    let mut next = parked(tx.send(2));
    assert!(rx.drain().eq([0, 2]));
    next.ready().unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_send_of_a_batch_has_its_own_time() {
    let (tx, rx) = build(1, Overflow::Timeout(ms(100)));
    let receiver = tokio::spawn(async move {
        let mut got = Vec::new();
        loop {
            tokio::time::sleep(ms(90)).await;
            match rx.try_recv() {
                Ok(value) => got.push(value),
                Err(_) => return got,
            }
        }
    });
    tx.send_all(&mut (0..10).collect()).await.unwrap();
    assert_eq!(receiver.await.unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn retry_tries_again_with_growing_pauses() {
    for capacity in [0, 1] {
        let (tx, rx) = build(capacity, RETRY);
        while tx.try_send(0).is_ok() {}
        let start = Instant::now();
        assert_eq!(failed(tx.send(1).await), (SendErrorKind::Full, 1));
        assert_eq!(start.elapsed(), ms(10 + 20 + 40));
        assert_eq!(rx.len(), capacity);
        let mut value = Some(2);
        assert_eq!(tx.send_from(&mut value).await.unwrap_err().kind(), SendErrorKind::Full);
        assert_eq!(value, Some(2));
        rx.close();
        assert_eq!(failed(tx.send(1).await), (SendErrorKind::Closed, 1));
        assert_eq!(start.elapsed(), ms(140), "a closed channel is not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_succeeds_at_the_next_attempt_after_room_came() {
    // Room comes after 25 ms: the attempts are at 0, 10, 30 and 70 ms.
    let (tx, rx) = build(1, RETRY);
    tx.try_send(0).unwrap();
    let receiver = tokio::spawn(async move {
        tokio::time::sleep(ms(25)).await;
        rx.try_recv().unwrap();
        rx
    });
    let start = Instant::now();
    tx.send(1).await.unwrap();
    assert_eq!(start.elapsed(), ms(30));
    assert_eq!(receiver.await.unwrap().try_recv(), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn retry_holds_no_place_between_its_attempts() {
    let (tx, rx) = build(1, RETRY);
    tx.try_send(0).unwrap();
    let mut retrying = parked(tx.send(1));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(retrying.wakes(), 0);
    tx.try_send(2).unwrap();
    tokio::time::sleep(ms(10)).await;
    assert_eq!(retrying.wakes(), 1);
    retrying.pending();
    assert_eq!(rx.try_recv(), Ok(2));
    tokio::time::sleep(ms(20)).await;
    retrying.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn retry_of_no_attempts_tries_once_and_a_huge_backoff_is_for_ever() {
    let (tx, _rx) = build(1, Overflow::Retry { attempts: 0, backoff: secs(9) });
    tx.try_send(0).unwrap();
    assert_eq!(failed(at_once(tx.send(1))), (SendErrorKind::Full, 1));
    let (tx, rx) = build(1, Overflow::Retry { attempts: u32::MAX, backoff: Duration::MAX });
    tx.try_send(0).unwrap();
    let send = parked(tx.send(1));
    drop(send);
    assert_eq!(rx.drain().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_an_impatient_send_from_keeps_the_value() {
    for overflow in [Overflow::Timeout(secs(1)), RETRY] {
        let (tx, rx) = build(1, overflow);
        tx.try_send(0).unwrap();
        let mut value = Some(1);
        drop(parked(tx.send_from(&mut value)));
        assert_eq!(value, Some(1));
        assert!(rx.drain().eq([0]));
    }
}

#[test]
fn reserve_waits_for_room_under_the_policies_that_do_not_drop() {
    for overflow in [Overflow::Block, Overflow::Reject, Overflow::Timeout(ms(1)), RETRY] {
        let (tx, rx) = build(1, overflow);
        tx.try_send(0).unwrap();
        let mut reserve = parked(tx.reserve());
        rx.try_recv().unwrap();
        reserve.ready().unwrap().send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
    }
}

#[test]
fn send_blocking_follows_the_policy_on_a_plain_thread() {
    let (tx, _rx) = build(1, Overflow::Timeout(ms(1)));
    tx.try_send(0).unwrap();
    assert_eq!(failed(tx.send_blocking(1)), (SendErrorKind::TimedOut, 1));
    let (tx, _rx) = build(1, Overflow::Retry { attempts: 2, backoff: ms(1) });
    tx.try_send(0).unwrap();
    assert_eq!(failed(tx.send_blocking(1)), (SendErrorKind::Full, 1));
}

#[test]
fn the_builder_refuses_what_makes_no_sense() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        assert_eq!(Channel::<u8>::bounded(0).overflow(overflow).build().err(), Some(BuildError::DropAtRendezvous));
        assert!(Channel::<u8>::bounded(1).overflow(overflow).build().is_ok());
    }
    for overflow in [Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest, Overflow::Timeout(ms(1)), RETRY] {
        let error = Channel::<u8>::unbounded().name("x").overflow(overflow).build().err();
        assert_eq!(error, Some(BuildError::PolicyOnUnbounded), "{overflow:?}");
    }
    assert!(Channel::<u8>::unbounded().overflow(Overflow::Block).build().is_ok());
    for overflow in [Overflow::Reject, Overflow::Timeout(ms(1)), RETRY] {
        assert!(Channel::<u8>::bounded(0).overflow(overflow).build().is_ok());
    }
}
