//! Oneshot, broadcast and watch.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::ops::{Receive as _, Transmit as _};
use vela_core::select::one;
use vela_core::task::{spawn, spawn_blocking, yield_now};
use vela_core::{broadcast, oneshot, watch};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

/// Polls once: whether the future is pending.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// Polls once, which must not be ready, and drops the future.
async fn begin_and_drop<F: Future>(future: F) {
    let mut future = pin!(future);
    assert!(is_pending(future.as_mut()).await);
}

/// Is neither `Debug` nor `Clone`.
struct Plain(u8);

// ------------------------------------------------------------------------------------------------- oneshot

#[test]
fn a_oneshot_gives_its_value_once() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        assert_eq!(rx.try_recv(), Err(oneshot::TryRecvError::Empty));
        let task = spawn(async move { (one((&rx).receive()).await, rx.recv().await, rx.try_recv()) });
        yield_now().await;
        assert!(tx.send(7).is_ok());
        assert_eq!(task.await.unwrap(), (Some(7), None, Err(oneshot::TryRecvError::Closed)));
    });
}

#[test]
fn a_oneshot_ends_with_its_sender_and_says_so_to_the_sender() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel::<u8>();
        drop(tx);
        assert_eq!(rx.recv().await, None);

        let (mut tx, rx) = oneshot::channel();
        assert!(!tx.is_closed());
        drop(rx);
        tx.closed().await;
        let error = tx.send(Plain(3)).unwrap_err();
        assert_eq!((format!("{error:?}").as_str(), error.into_inner().0), ("SendError(..)", 3));

        let (tx, rx) = oneshot::channel();
        rx.close();
        assert!(one(tx.transmit(1)).await.is_err());
        assert!(rx.is_closed());
        let (tx, rx) = oneshot::channel();
        assert!(!rx.is_closed());
        assert!(one(tx.transmit(1)).await.is_ok());
        rx.close();
        // Looking takes nothing.
        assert!(!rx.is_closed() && !rx.is_closed());
        assert_eq!(rx.recv().await, Some(1));
        assert!(rx.is_closed());
    });
}

#[test]
fn a_dropped_receive_of_a_oneshot_loses_nothing() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        begin_and_drop(rx.recv()).await;
        {
            let mut late = pin!(rx.recv());
            assert!(is_pending(late.as_mut()).await);
            // Sent, and woken, but not polled again.
            tx.send(1).unwrap();
        }
        assert_eq!(rx.recv().await, Some(1));
    });
}

#[test]
fn all_who_wait_for_one_oneshot_wake() {
    on_both(|| async {
        for close in [false, true] {
            let (tx, rx) = oneshot::channel();
            let rx = Arc::new(rx);
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    let rx = Arc::clone(&rx);
                    spawn(async move { rx.recv().await })
                })
                .collect();
            yield_now().await;
            if close {
                rx.close();
                drop(tx);
            } else {
                tx.send(1).unwrap();
            }
            let mut got = 0;
            for task in tasks {
                got += task.await.unwrap().unwrap_or(0);
            }
            assert_eq!(got, u32::from(!close));
        }
    });
}

#[test]
fn try_recv_wakes_those_who_wait_in_vain() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        let rx = Arc::new(rx);
        let waiting = {
            let rx = Arc::clone(&rx);
            spawn(async move { rx.recv().await })
        };
        yield_now().await;
        tx.send(1).unwrap();
        let here = rx.try_recv().ok();
        let there = waiting.await.unwrap();
        assert_eq!(here.or(there), Some(1));
        assert!(here.is_none() || there.is_none());
    });
}

#[test]
fn waits_that_were_dropped_do_not_pile_up() {
    // The waiter list has no public size: this holds its time down to that of a list that stays short.
    let (_tx, rx) = oneshot::channel::<u8>();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(rx.recv());
    assert!(first.as_mut().poll(&mut cx).is_pending());
    for _ in 0..200_000 {
        let mut other = pin!(rx.recv());
        assert!(other.as_mut().poll(&mut cx).is_pending());
    }
}

// ----------------------------------------------------------------------------------------------- broadcast

#[test]
fn a_broadcast_reaches_every_receiver_in_order() {
    on_both(|| async {
        let (tx, first) = broadcast::channel(64);
        let receivers: Vec<_> = (0..3).map(|_| tx.subscribe()).chain([first]).collect();
        let tasks: Vec<_> = receivers
            .into_iter()
            .map(|rx| {
                spawn(async move {
                    let mut seen = Vec::new();
                    while let Some(Ok(n)) = one((&rx).receive()).await {
                        seen.push(n);
                    }
                    seen
                })
            })
            .collect();
        for n in 0..50 {
            assert_eq!(tx.send(n).unwrap(), 4);
        }
        drop(tx);
        for task in tasks {
            assert_eq!(task.await.unwrap(), (0..50).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_slow_receiver_is_told_how_many_it_missed() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(4);
        for n in 0..10 {
            tx.send(n).unwrap();
        }
        assert_eq!((rx.len(), tx.len()), (10, 4));
        assert_eq!(rx.recv().await.unwrap().unwrap_err().missed(), 6);
        assert_eq!(rx.recv().await, Some(Ok(6)));
        assert_eq!(rx.try_recv(), Ok(7));
        drop(tx);
        assert_eq!(rx.recv().await, Some(Ok(8)));
        assert_eq!(rx.recv().await, Some(Ok(9)));
        assert_eq!((rx.recv().await, rx.try_recv()), (None, Err(broadcast::TryRecvError::Closed)));
        assert!(rx.is_closed());
    });
}

#[test]
fn a_broadcast_without_receivers_gives_the_value_back() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(4);
        assert_eq!((tx.receiver_count(), tx.sender_count()), (1, 1));
        drop(rx);
        tx.closed().await;
        assert!(tx.is_closed());
        assert_eq!(tx.send(5).unwrap_err().into_inner(), 5);
        assert!(one((&tx).transmit(5)).await.is_err());
        let rx = tx.subscribe();
        assert!(one((&tx).transmit(6)).await.is_ok());
        assert_eq!(rx.recv().await, Some(Ok(6)));
    });
}

#[test]
fn the_last_sender_to_go_wakes_the_receivers() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel::<u8>(4);
        let other = tx.clone();
        let waiting = spawn(async move { rx.recv().await });
        yield_now().await;
        drop(tx);
        yield_now().await;
        drop(other);
        assert_eq!(waiting.await.unwrap(), None);
    });
}

#[test]
fn each_value_goes_to_one_of_those_who_share_a_receiver() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(1024);
        let rx = Arc::new(rx);
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let rx = Arc::clone(&rx);
                spawn(async move {
                    let mut seen = Vec::new();
                    while let Some(Ok(n)) = rx.recv().await {
                        seen.push(n);
                    }
                    seen
                })
            })
            .collect();
        for n in 0..1000 {
            tx.send(n).unwrap();
            if n % 10 == 0 {
                yield_now().await;
            }
        }
        drop(tx);
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_dropped_receive_of_a_broadcast_loses_nothing() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(4);
        begin_and_drop(rx.recv()).await;
        {
            let mut late = pin!(rx.recv());
            assert!(is_pending(late.as_mut()).await);
            tx.send(1).unwrap();
        }
        assert_eq!(rx.recv().await, Some(Ok(1)));
        assert_eq!(rx.resubscribe().try_recv(), Err(broadcast::TryRecvError::Empty));
    });
}

#[test]
fn a_broadcast_takes_any_capacity() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = broadcast::channel(capacity);
        tx.send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
    }
}

// --------------------------------------------------------------------------------------------------- watch

#[test]
fn a_watch_gives_the_newest_change_once() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        assert_eq!(rx.try_recv(), Err(watch::TryRecvError::Unchanged));
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        assert!(rx.has_changed());
        assert_eq!((rx.get(), *rx.borrow(), tx.get(), *tx.borrow()), (2, 2, 2, 2));
        assert_eq!(one((&rx).receive()).await, Some(2));
        assert!(!rx.has_changed());
        begin_and_drop(rx.recv()).await;
        assert!(one((&tx).transmit(3)).await.is_ok());
        drop(tx);
        assert_eq!(rx.recv().await, Some(3));
        assert_eq!((rx.recv().await, rx.try_recv()), (None, Err(watch::TryRecvError::Closed)));
        assert_eq!((rx.get(), rx.is_closed()), (3, true));
    });
}

#[test]
fn a_change_and_the_last_sender_to_go_wake_who_waits() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        let other = tx.clone();
        let waiting = spawn(async move { (rx.recv().await, rx.recv().await) });
        yield_now().await;
        tx.modify(|n| *n += 5);
        assert_eq!(tx.sender_count(), 2);
        drop(tx);
        yield_now().await;
        drop(other);
        assert_eq!(waiting.await.unwrap(), (Some(5), None));
    });
}

#[test]
fn only_a_change_that_is_one_is_told() {
    on_both(|| async {
        let (tx, rx) = watch::channel(1);
        assert!(!tx.modify_if(|_| false));
        assert!(!rx.has_changed());
        assert!(tx.modify_if(|n| {
            *n = 2;
            true
        }));
        assert_eq!(rx.recv().await, Some(2));
        assert_eq!(tx.set(3), 2);
        assert_eq!(rx.recv().await, Some(3));
    });
}

#[test]
fn clones_and_subscribers_have_a_view_of_their_own() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        tx.send(1).unwrap();
        let clone = rx.clone();
        let new = tx.subscribe();
        assert_eq!(tx.receiver_count(), 3);
        assert_eq!(rx.recv().await, Some(1));
        assert_eq!(clone.recv().await, Some(1));
        assert!(!new.has_changed());
        drop((rx, clone, new));
        tx.closed().await;
        assert!(tx.is_closed());
        assert_eq!(tx.send(2).unwrap_err().into_inner(), 2);
        assert_eq!(tx.get(), 1);
        tx.set(9);
        assert_eq!(tx.get(), 9);
    });
}

#[test]
fn wait_for_sees_the_present_value_and_takes_no_change_away() {
    on_both(|| async {
        let (tx, rx) = watch::channel(1);
        assert_eq!(rx.wait_for(|n| *n == 1).await, Some(1));
        let rx = Arc::new(rx);
        let waiting = {
            let rx = Arc::clone(&rx);
            spawn(async move { rx.wait_for(|n| *n == 5).await })
        };
        for n in 2..=5 {
            tx.send(n).unwrap();
            yield_now().await;
        }
        assert_eq!(waiting.await.unwrap(), Some(5));
        assert!(rx.has_changed());
        drop(tx);
        assert_eq!(rx.wait_for(|n| *n == 7).await, None);
    });
}

#[test]
fn waits_for_a_value_are_no_receivers() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        let (mut a, mut b) = (pin!(rx.wait_for(|n| *n == 1)), pin!(rx.wait_for(|n| *n == 1)));
        assert!(is_pending(a.as_mut()).await && is_pending(b.as_mut()).await);
        assert_eq!(tx.receiver_count(), 1);
        tx.send(1).unwrap();
        assert_eq!((a.await, b.await, tx.receiver_count()), (Some(1), Some(1), 1));
    });
}

#[test]
fn threads_can_wait_for_all_kinds() {
    on_both(|| async {
        let (one_tx, one_rx) = oneshot::channel();
        let (all_tx, all_rx) = broadcast::channel(1);
        let (see_tx, see_rx) = watch::channel(0);
        let thread = spawn_blocking(move || (one_rx.recv_blocking(), all_rx.recv_blocking(), see_rx.recv_blocking()));
        yield_now().await;
        one_tx.send(1).ok();
        all_tx.send(2).ok();
        see_tx.send(3).ok();
        assert_eq!(thread.await.unwrap(), (Some(1), Some(Ok(2)), Some(3)));
    });
}

#[test]
fn stress_shared_waits_that_come_and_go_lose_no_wake_up() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for round in 0..5_000_u32 {
            let (tx, rx) = oneshot::channel();
            let rx = Arc::new(rx);
            let tasks: Vec<_> = (0..3)
                .map(|n| {
                    let rx = Arc::clone(&rx);
                    spawn(async move {
                        // Some give up in between, perhaps while they are being woken.
                        for _ in 0..(round + n) % 3 {
                            let mut recv = pin!(rx.recv());
                            if let Poll::Ready(value) = poll_fn(|cx| Poll::Ready(recv.as_mut().poll(cx))).await {
                                return value;
                            }
                            yield_now().await;
                        }
                        rx.recv().await
                    })
                })
                .collect();
            if round % 2 == 0 {
                yield_now().await;
            }
            let sent = round % 7 != 0;
            if sent {
                tx.send(1_u32).unwrap();
            } else {
                drop(tx);
            }
            let mut got = 0;
            for task in tasks {
                got += task.await.unwrap().unwrap_or(0);
            }
            assert_eq!(got, u32::from(sent));
        }
    });
}
