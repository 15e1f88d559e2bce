//! `Stream` and `Sink`: their waiters are woken, never handed a value, and pass the wake-up on when they are dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use futures_util::stream::FusedStream;
use futures_util::{Sink, SinkExt, StreamExt};
use vela::{Channel, Overflow, SendErrorKind, SendSink, TryRecvError, channel};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

/// The wait of a sink for its place.
fn ready<T: Send>(sink: &mut SendSink<T>) -> ByHand<impl Future<Output = Result<(), vela::SendError<Option<T>>>>> {
    ByHand::new(std::future::poll_fn(move |cx| Pin::new(&mut *sink).poll_ready(cx)))
}

#[test]
fn a_stream_gives_what_is_buffered_and_then_ends() {
    let (tx, rx) = channel(5);
    for n in 0..5 {
        tx.try_send(n).unwrap();
    }
    drop(tx);
    let mut stream = rx.stream();
    assert!(!stream.is_terminated());
    assert_eq!(at_once(stream.by_ref().collect::<Vec<_>>()), [0, 1, 2, 3, 4]);
    assert!(stream.is_terminated());
    assert_eq!(at_once(stream.next()), None);
}

#[test]
fn a_waiting_stream_is_woken_and_handed_nothing() {
    for capacity in [1, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut stream = rx.stream();
        let mut next = parked(stream.next());
        tx.try_send(1).unwrap();
        assert_eq!((next.wakes(), rx.len()), (1, 1), "the value is in the channel still");
        assert_eq!(next.ready(), Some(1));
    }
}

#[test]
fn another_receiver_may_take_the_value_a_stream_was_told_of() {
    let (tx, rx) = channel(1);
    let mut stream = rx.stream();
    let mut next = parked(stream.next());
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    next.pending();
    tx.try_send(2).unwrap();
    assert_eq!(next.wakes(), 2);
    assert_eq!(next.ready(), Some(2));
}

#[test]
fn at_a_rendezvous_a_stream_takes_the_value_from_the_parked_sender() {
    let (tx, rx) = channel(0);
    let mut stream = rx.stream();
    let mut next = parked(stream.next());
    assert!(tx.try_send(9).is_err(), "nobody would take it");
    next.pending();
    let mut send = parked(tx.send(1));
    assert_eq!(next.wakes(), 2);
    assert_eq!(next.ready(), Some(1));
    send.ready().unwrap();
}

#[test]
fn a_dropped_stream_passes_its_wake_up_on_to_a_receiver() {
    for capacity in [1, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut stream = rx.stream();
        let next = parked(stream.next());
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!((next.wakes(), receive.wakes()), (1, 0));
        drop(next);
        drop(stream);
        assert_eq!(receive.wakes(), 1, "capacity {capacity}");
        assert_eq!(receive.ready(), Some(1));
    }
}

#[test]
fn a_dropped_stream_passes_its_wake_up_on_to_the_next_stream() {
    for capacity in [0, 1, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let (mut first, mut second) = (rx.stream(), rx.stream());
        let told = parked(first.next());
        let mut other = parked(second.next());
        let mut send = ByHand::new(tx.send(1));
        assert_eq!(send.poll().is_ready(), capacity > 0);
        assert_eq!(told.wakes(), 1);
        drop(told);
        drop(first);
        assert!(other.wakes() >= 1, "capacity {capacity}");
        assert_eq!(other.ready(), Some(1));
        if capacity == 0 {
            send.ready().unwrap();
        }
    }
}

#[test]
fn a_stream_that_becomes_a_receiver_again_passes_its_wake_up_on() {
    let (tx, rx) = channel(1);
    let mut stream = rx.stream();
    let next = parked(stream.next());
    let mut receive = parked(rx.recv());
    tx.try_send(1).unwrap();
    drop(next);
    let inner = stream.into_inner();
    assert_eq!(receive.ready(), Some(1));
    assert!(inner.same_channel(&rx));
}

#[test]
fn a_dropped_stream_that_was_not_woken_leaves_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut stream = rx.stream();
        drop(parked(stream.next()));
        drop(stream);
        let mut receive = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(receive.ready(), Some(1));
    }
}

#[test]
fn receivers_behind_a_waiting_stream_are_served() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut stream = rx.stream();
        let mut next = parked(stream.next());
        let mut receive = parked(rx.recv());
        let mut sends = [ByHand::new(tx.send(1)), ByHand::new(tx.send(2))];
        let early = sends.each_mut().map(|send| send.poll().is_ready());
        // Whoever is woken takes what it gets, until nothing moves.
        let mut got = Vec::new();
        let (mut seen, mut next_seen) = (0, 0);
        for _ in 0..4 {
            if receive.wakes() > seen && got.len() < 2 {
                seen = receive.wakes();
                if let Poll::Ready(value) = receive.poll() {
                    got.push(value);
                    seen = usize::MAX;
                }
            }
            if next.wakes() > next_seen {
                next_seen = next.wakes();
                if let Poll::Ready(value) = next.poll() {
                    got.push(value);
                    next_seen = usize::MAX;
                }
            }
        }
        got.sort_unstable();
        assert_eq!(got, [Some(1), Some(2)], "capacity {capacity}: somebody was not woken");
        for (send, early) in sends.iter_mut().zip(early) {
            if !early {
                send.ready().unwrap();
            }
        }
    }
}

type Receiving<'a> = ByHand<Pin<Box<dyn Future<Output = Option<u32>> + 'a>>>;

/// Polls whoever was woken until nobody is; what they got.
fn run_the_woken(futures: &mut [(&mut usize, &mut Receiving<'_>)]) -> Vec<u32> {
    let mut got = Vec::new();
    loop {
        let mut progress = false;
        for (seen, future) in &mut *futures {
            if future.wakes() > **seen {
                **seen = future.wakes();
                progress = true;
                if let Poll::Ready(value) = future.poll() {
                    got.extend(value);
                    **seen = usize::MAX;
                }
            }
        }
        if !progress {
            return got;
        }
    }
}

/// The stream takes its value; the one that a parked sender then moves in belongs to the receiver that waits.
#[test]
fn a_receiver_behind_a_stream_gets_the_next_value_of_a_full_channel() {
    for stream_first in [true, false] {
        let (tx, rx) = channel(1);
        let mut stream = rx.stream();
        let mut next: Receiving<'_> = parked(Box::pin(stream.next()));
        let mut receive: Receiving<'_> = parked(Box::pin(rx.recv()));
        tx.try_send(1).unwrap();
        let mut send = ByHand::new(tx.send(2));
        let sent = send.poll().is_ready();
        let (mut seen, mut next_seen) = (0, 0);
        let mut waiting = [(&mut next_seen, &mut next), (&mut seen, &mut receive)];
        if !stream_first {
            waiting.reverse();
        }
        let mut got = run_the_woken(&mut waiting);
        got.sort_unstable();
        assert_eq!(got, [1, 2], "a wake-up was lost");
        assert!(sent || send.ready().is_ok());
    }
}

/// As above at capacity 0, with a value that comes back from a dropped receiver.
#[test]
fn a_receiver_behind_a_stream_meets_the_next_sender_at_a_rendezvous() {
    for stream_first in [true, false] {
        let (tx, rx) = channel(0);
        let handed = parked(rx.recv());
        let mut stream = rx.stream();
        let mut next: Receiving<'_> = parked(Box::pin(stream.next()));
        let mut receive: Receiving<'_> = parked(Box::pin(rx.recv()));
        tx.try_send(1).unwrap();
        drop(handed);
        let mut send = ByHand::new(tx.send(2));
        let sent = send.poll().is_ready();
        let (mut seen, mut next_seen) = (0, 0);
        let mut waiting = [(&mut next_seen, &mut next), (&mut seen, &mut receive)];
        if !stream_first {
            waiting.reverse();
        }
        let mut got = run_the_woken(&mut waiting);
        got.sort_unstable();
        assert_eq!(got, [1, 2], "a wake-up was lost");
        assert!(sent || send.ready().is_ok());
    }
}

/// A stream cannot be handed a value that has no room; the receiver behind it can.
#[test]
fn a_receiver_behind_a_stream_is_handed_a_value_that_has_no_room() {
    let (tx, rx) = channel(1);
    let permit = tx.try_reserve().unwrap();
    let mut stream = rx.stream();
    let _next = parked(stream.next());
    let mut receive = parked(rx.recv());
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(receive.ready(), Some(1));
    drop(permit);
}

#[test]
fn streams_share_a_channel_with_receivers() {
    let (tx, rx) = channel(3);
    let handed = parked(rx.recv());
    tx.try_send(1).unwrap();
    let mut stream = rx.stream();
    let mut next = parked(stream.next());
    drop(handed);
    assert_eq!((next.wakes(), rx.len()), (1, 1));
    assert_eq!(next.ready(), Some(1));
}

// ---- Sink ----

#[test]
fn a_sink_sends() {
    for capacity in [1, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut sink = tx.sink();
        at_once(sink.send(1)).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
    }
    let (tx, rx) = channel(0);
    let mut receive = parked(rx.recv());
    at_once(tx.sink().send(1)).unwrap();
    assert_eq!(receive.ready(), Some(1));
}

#[test]
fn a_ready_sink_holds_a_place() {
    let (tx, rx) = channel(1);
    let mut sink = tx.sink();
    ready(&mut sink).ready().unwrap();
    assert!(tx.try_send(9).is_err());
    ready(&mut sink).ready().unwrap();
    Pin::new(&mut sink).start_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    tx.try_send(2).unwrap();
}

#[test]
fn a_dropped_sink_returns_its_place() {
    for close in [false, true] {
        let (tx, rx) = channel(1);
        let mut sink = tx.sink();
        ready(&mut sink).ready().unwrap();
        let mut send = parked(tx.send(1));
        if close {
            at_once(sink.close()).unwrap();
        } else {
            drop(sink);
        }
        send.ready().unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
    }
}

#[test]
fn a_dropped_sink_brings_a_waiting_sender_and_a_waiting_receiver_together() {
    let (tx, rx) = channel(1);
    let mut sink = tx.sink();
    ready(&mut sink).ready().unwrap();
    let mut send = parked(tx.send(1));
    let mut receive = ByHand::new(rx.recv());
    if receive.poll().is_pending() {
        drop(sink);
        assert_eq!(receive.wakes(), 1, "a wake-up was lost");
        assert_eq!(receive.ready(), Some(1));
    }
    send.ready().unwrap();
}

#[test]
fn a_waiting_sink_is_woken_and_passes_its_wake_up_on_when_dropped() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let (mut first, mut second) = (tx.sink(), tx.sink());
    let mut waiting = ready(&mut first);
    waiting.pending();
    let mut other = ready(&mut second);
    other.pending();
    let mut send = parked(tx.send(1));
    rx.try_recv().unwrap();
    assert_eq!((waiting.wakes(), other.wakes(), send.wakes()), (1, 0, 0));
    drop(waiting);
    drop(first);
    assert_eq!((other.wakes(), send.wakes()), (1, 0));
    drop(other);
    drop(second);
    assert_eq!(send.wakes(), 1);
    send.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_woken_sink_that_is_too_late_waits_on() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let mut sink = tx.sink();
    let mut waiting = ready(&mut sink);
    waiting.pending();
    rx.try_recv().unwrap();
    tx.try_send(1).unwrap();
    waiting.pending();
    rx.try_recv().unwrap();
    assert_eq!(waiting.wakes(), 2);
    waiting.ready().unwrap();
    drop(waiting);
    Pin::new(&mut sink).start_send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn at_capacity_0_a_sink_is_ready_when_a_receiver_waits() {
    let (tx, rx) = channel(0);
    let mut sink = tx.sink();
    let mut waiting = ready(&mut sink);
    waiting.pending();
    let mut receive = parked(rx.recv());
    assert_eq!(waiting.wakes(), 1);
    waiting.ready().unwrap();
    drop(waiting);
    Pin::new(&mut sink).start_send(1).unwrap();
    assert_eq!(receive.ready(), Some(1));
}

#[test]
fn a_sink_fails_on_a_closed_channel() {
    let (tx, rx) = channel(1);
    let (mut granted, mut other) = (tx.sink(), tx.sink());
    ready(&mut granted).ready().unwrap();
    drop(rx);
    let error = Pin::new(&mut granted).start_send(1).unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, Some(1)));
    let error = ready(&mut other).ready().unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, None));
    assert!(at_once(other.send(2)).is_err());
}

#[test]
fn closing_a_sink_gives_up_its_sender() {
    let (tx, rx) = channel(1);
    let mut sink = tx.sink();
    drop(tx);
    assert_eq!(rx.sender_count(), 1);
    at_once(sink.send(1)).unwrap();
    at_once(sink.flush()).unwrap();
    at_once(sink.close()).unwrap();
    assert_eq!(rx.sender_count(), 0);
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    at_once(sink.close()).unwrap();
    assert!(at_once(sink.send(2)).is_err());
}

#[test]
fn start_send_without_poll_ready_panics() {
    let (tx, rx) = channel(1);
    let mut sink = tx.sink();
    let panic = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut sink).start_send(1)));
    assert!(panic.is_err());
    assert!(rx.is_empty());
}

#[test]
fn a_sink_is_always_ready_under_drop_policies() {
    let (tx, rx) = Channel::bounded(1).overflow(Overflow::DropOldest).build().unwrap();
    let mut sink = tx.sink();
    for n in 0..5 {
        at_once(sink.feed(n)).unwrap();
    }
    let mut idle = tx.sink();
    ready(&mut idle).ready().unwrap();
    drop(idle);
    assert_eq!((rx.try_recv(), tx.dropped()), (Ok(4), 4));
}

#[test]
fn adaptors_can_be_moved_while_they_wait() {
    fn unpin<T: Unpin>(_: &T) {}
    let (tx, rx) = channel(0);
    let mut stream = rx.stream();
    drop(parked(stream.next()));
    let mut moved = vec![stream].pop().unwrap();
    let mut sink = tx.sink();
    unpin(&moved);
    unpin(&sink);
    ready(&mut sink).ready().unwrap();
    let mut sink = vec![sink].pop().unwrap();
    Pin::new(&mut sink).start_send(1).unwrap();
    assert_eq!(at_once(moved.next()), Some(1));
}

on_both_runtimes! {
    async fn a_sink_forwards_a_stream() {
        for capacity in CAPACITIES {
            let (first, from) = channel(capacity);
            let (to, last) = channel(capacity);
            tokio::spawn(async move { from.stream().map(Ok).forward(to.sink()).await.unwrap() });
            tokio::spawn(async move {
                for n in 0..2_000 {
                    first.send(n).await.unwrap();
                }
            });
            let got: Vec<_> = last.stream().collect().await;
            assert_eq!(got, (0..2_000).collect::<Vec<_>>(), "capacity {capacity}");
        }
    }

    async fn streams_sinks_and_plain_ends_share_one_channel() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            for _ in 0..2 {
                let (tx, sink) = (tx.clone(), tx.sink());
                tokio::spawn(async move {
                    for _ in 0..1_000 {
                        tx.send(1_u32).await.unwrap();
                    }
                });
                tokio::spawn(async move {
                    let mut sink = sink;
                    for _ in 0..1_000 {
                        sink.send(1).await.unwrap();
                    }
                });
            }
            drop(tx);
            let mut tasks = Vec::new();
            for _ in 0..2 {
                let (rx, stream) = (rx.clone(), rx.stream());
                tasks.push(tokio::spawn(async move { stream.fold(0, |sum, n| async move { sum + n }).await }));
                tasks.push(tokio::spawn(async move {
                    let mut sum = 0;
                    while let Some(n) = rx.recv().await {
                        sum += n;
                    }
                    sum
                }));
            }
            drop(rx);
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            assert_eq!(sum, 4_000, "capacity {capacity}");
        }
    }

    /// Streams and sinks that give up at any moment lose neither a value, nor a place, nor a wake-up.
    async fn streams_and_sinks_that_are_dropped_lose_nothing() {
        for capacity in [0, 1, 3] {
            let (tx, rx) = channel(capacity);
            let senders: Vec<_> = (0..3_u64)
                .map(|seed| {
                    let tx = tx.clone();
                    tokio::spawn(async move {
                        let mut random = fastrand::Rng::with_seed(seed);
                        let mut sent = 0;
                        while sent < 1_000_u32 {
                            let mut sink = tx.sink();
                            let waited = std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx));
                            tokio::select! {
                                biased;
                                ready = waited => {
                                    ready.unwrap();
                                    if random.bool() {
                                        Pin::new(&mut sink).start_send(1_u32).unwrap();
                                        sent += 1;
                                    }
                                }
                                () = tokio::task::yield_now(), if random.bool() => {}
                            }
                        }
                    })
                })
                .collect();
            drop(tx);
            let receivers: Vec<_> = (0..3_u64)
                .map(|seed| {
                    let rx = rx.clone();
                    tokio::spawn(async move {
                        let mut random = fastrand::Rng::with_seed(100 + seed);
                        let mut received = 0;
                        loop {
                            let mut stream = rx.stream();
                            tokio::select! {
                                biased;
                                next = stream.next() => match next {
                                    Some(n) => received += n,
                                    None => return received,
                                },
                                () = tokio::task::yield_now(), if random.bool() => {}
                            }
                        }
                    })
                })
                .collect();
            drop(rx);
            for sender in senders {
                sender.await.unwrap();
            }
            let mut received = 0;
            for receiver in receivers {
                received += receiver.await.unwrap();
            }
            assert_eq!(received, 3_000, "capacity {capacity}");
        }
    }
}
