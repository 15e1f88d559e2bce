//! The end: by `close()` from either side, by the last sender's drop, by the last receiver's drop.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::Poll;

use futures_util::{Sink, StreamExt};
use vela::{Receiver, RecvTimeoutError, SendErrorKind, Sender, TryRecvError, TryReserveError, TrySendError, channel};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

type CloseKeepingReceiver = fn(Sender<u32>, &Receiver<u32>);
type CloseKeepingSender = fn(&Sender<u32>, Receiver<u32>);

/// The ways to close a channel that leave a receiver.
const WITH_RECEIVER: [CloseKeepingReceiver; 3] =
    [|tx, _| assert!(tx.close()), |_, rx| assert!(rx.close()), |tx, _| drop(tx)];

/// The ways to close a channel that leave a sender.
const WITH_SENDER: [CloseKeepingSender; 3] =
    [|tx, _| assert!(tx.close()), |_, rx| assert!(rx.close()), |_, rx| drop(rx)];

#[test]
fn what_is_buffered_can_still_be_received() {
    for close in WITH_RECEIVER {
        for capacity in [1, 2, 5, usize::MAX] {
            let (tx, rx) = channel(capacity);
            let sent = capacity.min(10) as u32;
            for n in 0..sent {
                tx.try_send(n).unwrap();
            }
            close(tx, &rx);
            assert!(rx.is_closed());
            assert_eq!(rx.len(), sent as usize);
            for n in 0..sent {
                assert_eq!(at_once(rx.recv()), Some(n));
            }
            assert_eq!(at_once(rx.recv()), None);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        }
    }
}

#[test]
fn close_wakes_all_receivers() {
    for close in WITH_RECEIVER {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            let mut receivers: Vec<_> = (0..10).map(|_| parked(rx.recv())).collect();
            close(tx, &rx);
            for receiver in &mut receivers {
                assert_eq!(receiver.wakes(), 1, "capacity {capacity}");
                assert_eq!(receiver.ready(), None);
            }
        }
    }
}

#[test]
fn close_wakes_all_senders_and_gives_their_values_back() {
    for close in WITH_SENDER {
        for capacity in [0, 1, 2, 5] {
            let (tx, rx) = channel(capacity);
            for n in 0..capacity {
                tx.try_send(n as u32).unwrap();
            }
            let mut senders: Vec<_> = (0..10).map(|n| parked(tx.send(100 + n))).collect();
            close(&tx, rx);
            for (n, sender) in senders.iter_mut().enumerate() {
                assert_eq!(sender.wakes(), 1);
                let error = sender.ready().unwrap_err();
                assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, 100 + n as u32));
            }
        }
    }
}

#[test]
fn close_wakes_every_kind_of_waiter() {
    for close in WITH_SENDER {
        let (tx, rx) = channel(1);
        tx.try_send(0).unwrap();
        let mut option = Some(1);
        let mut queue = VecDeque::from([2, 3]);
        let mut reserve = parked(tx.reserve());
        let mut send_from = parked(tx.send_from(&mut option));
        let mut send_all = parked(tx.send_all(&mut queue));
        let mut sink = tx.sink();
        let mut ready = parked(std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)));
        let mut sender_closed = parked(tx.closed());
        close(&tx, rx);
        let wakes = [reserve.wakes(), send_from.wakes(), send_all.wakes(), ready.wakes(), sender_closed.wakes()];
        assert_eq!(wakes, [1; 5]);
        assert!(reserve.ready().is_err());
        assert_eq!(send_from.ready().unwrap_err().kind(), SendErrorKind::Closed);
        assert_eq!(send_all.ready().unwrap_err().kind(), SendErrorKind::Closed);
        assert_eq!(ready.ready().unwrap_err().kind(), SendErrorKind::Closed);
        sender_closed.ready();
        drop((send_from, send_all));
        assert_eq!(option, Some(1));
        assert_eq!(queue, [2, 3]);
    }
    for close in WITH_RECEIVER {
        let (tx, rx) = channel(1);
        let mut batch = Vec::new();
        let mut stream = rx.stream();
        let mut many = parked(rx.recv_many(&mut batch, 5));
        let mut next = parked(stream.next());
        let mut receiver_closed = parked(rx.closed());
        close(tx, &rx);
        assert_eq!([many.wakes(), next.wakes(), receiver_closed.wakes()], [1; 3]);
        assert_eq!(many.ready(), 0);
        assert_eq!(next.ready(), None);
        receiver_closed.ready();
    }
}

#[test]
fn closed_is_ready_at_once_on_a_closed_channel() {
    let (tx, rx) = channel::<u32>(1);
    tx.close();
    at_once(tx.closed());
    at_once(rx.closed());
}

#[test]
fn a_cancelled_wait_for_the_close_leaves_nothing() {
    let (tx, rx) = channel::<u32>(1);
    let gone = parked(tx.closed());
    let mut stays = parked(rx.closed());
    drop(gone);
    drop(tx);
    assert_eq!(stays.wakes(), 1);
    stays.ready();
}

#[test]
fn closing_twice_is_harmless_and_says_so() {
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    assert!(tx.close());
    assert!(!tx.close());
    assert!(!rx.close());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(!rx.close());

    let (tx, rx) = channel::<u32>(0);
    assert!(rx.close());
    assert!(!rx.close());
    assert!(!tx.close());

    let (tx, rx) = channel::<u32>(0);
    drop(tx);
    assert!(!rx.close());

    let (tx, rx) = channel::<u32>(0);
    drop(rx);
    assert!(!tx.close());
}

#[test]
fn only_the_last_end_of_its_kind_closes() {
    let (tx, rx) = channel::<u32>(1);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    drop(tx);
    drop(rx);
    assert!(!tx2.is_closed() && !rx2.is_closed());
    let mut receive = parked(rx2.recv());
    drop(tx2);
    assert_eq!(receive.ready(), None);
}

#[test]
fn every_send_fails_on_a_closed_channel_and_keeps_the_value() {
    for close in WITH_SENDER {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            close(&tx, rx);
            assert_eq!(tx.try_send(1), Err(TrySendError::Closed(1)));
            let error = at_once(tx.send(2)).unwrap_err();
            assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, 2));
            assert!(at_once(tx.send_timeout(3, vela::time::secs(9))).unwrap_err().is_closed());
            let error = tx.send_blocking(4).unwrap_err();
            assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, 4));
            let mut option = Some(5);
            assert_eq!(at_once(tx.send_from(&mut option)).unwrap_err().kind(), SendErrorKind::Closed);
            assert_eq!(option, Some(5));
            let mut queue = VecDeque::from([6, 7]);
            assert_eq!(at_once(tx.send_all(&mut queue)).unwrap_err().kind(), SendErrorKind::Closed);
            assert_eq!(queue, [6, 7]);
            assert!(at_once(tx.reserve()).is_err());
            assert!(matches!(tx.try_reserve(), Err(TryReserveError::Closed)));
            let mut sink = tx.sink();
            let mut ready = ByHand::new(std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)));
            assert!(ready.ready().is_err());
        }
    }
}

#[test]
fn every_receive_ends_on_a_closed_channel() {
    for close in WITH_RECEIVER {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            close(tx, &rx);
            assert_eq!(at_once(rx.recv()), None);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
            assert_eq!(at_once(rx.recv_timeout(vela::time::secs(9))), Err(RecvTimeoutError::Closed));
            assert_eq!(at_once(rx.recv_many(&mut Vec::new(), 9)), 0);
            assert_eq!(rx.try_recv_many(&mut Vec::new(), 9), 0);
            assert_eq!(rx.recv_blocking(), None);
            assert_eq!(rx.iter_blocking().next(), None);
            assert_eq!(rx.drain().next(), None);
            assert_eq!(at_once(rx.stream().next()), None);
        }
    }
}

#[test]
fn a_parked_sender_at_a_rendezvous_keeps_its_value_when_the_channel_closes() {
    let (tx, rx) = channel(0);
    let mut send = parked(tx.send(1));
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(at_once(rx.recv()), None);
    assert_eq!(send.ready().unwrap_err().into_inner(), 1);
}

#[test]
fn a_value_handed_over_before_the_close_is_received() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        drop(tx);
        assert_eq!(receive.ready(), Some(1), "capacity {capacity}");
        assert_eq!(at_once(rx.recv()), None);
    }
}

#[test]
fn a_value_handed_back_after_the_close_can_still_be_received() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        drop(tx);
        drop(receive);
        assert_eq!(rx.len(), 1);
        assert_eq!(at_once(rx.recv()), Some(1), "capacity {capacity}");
        assert_eq!(at_once(rx.recv()), None);
    }
}

/// A stream is only told of a value; who waits behind it must not take the close for the end while the value is there.
#[test]
fn a_receiver_behind_a_stream_gets_the_value_before_the_end() {
    let (tx, rx) = channel(1);
    let mut stream = rx.stream();
    let next = parked(stream.next());
    let mut receive = parked(rx.recv());
    tx.try_send(1).unwrap();
    tx.close();
    assert_eq!(receive.ready(), Some(1));
    drop(next);
    assert_eq!(at_once(stream.next()), None);
}

#[test]
fn a_stream_that_was_told_of_a_value_gets_it_after_the_close() {
    let (tx, rx) = channel(1);
    let mut stream = rx.stream();
    let mut next = parked(stream.next());
    tx.try_send(1).unwrap();
    drop((tx, rx));
    assert_eq!(next.ready(), Some(1));
    drop(next);
    assert_eq!(at_once(stream.next()), None);
}

on_both_runtimes! {
    async fn a_value_before_a_concurrent_close_is_never_missed() {
        for capacity in [1, usize::MAX] {
            for round in 0..2_000 {
                let (tx, rx) = channel(capacity);
                let receiver = tokio::spawn(async move { (rx.recv().await, rx.recv().await) });
                let sender = tokio::spawn(async move {
                    tx.send(round).await.unwrap();
                    tx.close();
                });
                assert_eq!(receiver.await.unwrap(), (Some(round), None), "capacity {capacity}");
                sender.await.unwrap();
            }
        }
    }

    async fn a_send_against_a_concurrent_close_arrives_or_comes_back() {
        for capacity in CAPACITIES {
            for round in 0..500 {
                let (tx, rx) = channel(capacity);
                let closer = tx.clone();
                let sender = tokio::spawn(async move { tx.send(round).await.map_err(|error| error.into_inner()) });
                let receiver = tokio::spawn(async move { rx.recv().await });
                closer.close();
                match (sender.await.unwrap(), receiver.await.unwrap()) {
                    (Ok(()), Some(value)) | (Err(value), None) => assert_eq!(value, round),
                    other => panic!("capacity {capacity}: {other:?}"),
                }
            }
        }
    }

    async fn one_of_many_closers_is_told_that_the_channel_was_open() {
        for _ in 0..200 {
            let (tx, rx) = channel::<u32>(1);
            let closers: Vec<_> = (0..4)
                .flat_map(|_| {
                    let (tx, rx) = (tx.clone(), rx.clone());
                    [tokio::spawn(async move { tx.close() }), tokio::spawn(async move { rx.close() })]
                })
                .collect();
            let mut opened = 0;
            for closer in closers {
                opened += u32::from(closer.await.unwrap());
            }
            assert_eq!(opened, 1);
        }
    }

    async fn a_close_wakes_tasks_on_both_sides() {
        for capacity in [0, 1] {
            let (tx, rx) = channel(capacity);
            while tx.try_send(0).is_ok() {}
            let senders: Vec<_> = (0..20)
                .map(|n| {
                    let tx = tx.clone();
                    tokio::spawn(async move { tx.send(n).await.is_err() })
                })
                .collect();
            tokio::task::yield_now().await;
            rx.close();
            for sender in senders {
                assert!(sender.await.unwrap());
            }

            let (tx, rx) = channel::<u32>(capacity);
            let receivers: Vec<_> = (0..20)
                .map(|_| {
                    let rx = rx.clone();
                    tokio::spawn(async move { rx.recv().await })
                })
                .collect();
            tokio::task::yield_now().await;
            drop(tx);
            for receiver in receivers {
                assert_eq!(receiver.await.unwrap(), None);
            }
        }
    }
}

#[test]
fn a_finished_wait_for_the_close_stays_finished() {
    let (tx, rx) = channel::<u32>(1);
    drop(rx);
    let mut closed = ByHand::new(tx.closed());
    closed.ready();
    assert_eq!(closed.poll(), Poll::Ready(()));
}
