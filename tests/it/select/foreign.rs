//! Foreign futures in arms: exactly one wins, and nothing that happens while they are polled is missed.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, Log, alive, counted, of_capacity, on_each_runtime, with_paused_clock};

/// A future that is made ready by hand.
#[derive(Clone, Default)]
struct Manual(Arc<Mutex<(bool, Option<Waker>)>>);

impl Manual {
    fn fire(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Manual {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[test]
fn a_future_that_is_ready_wins() {
    for capacity in CAPACITIES {
        let (_tx, rx) = of_capacity::<u8>(capacity);
        let got = Hand::new(async {
            select! { n = async { 5 } => n, _ = <-rx => 0 }
        })
        .run();
        assert_eq!(got, Some(5));
    }
}

#[test]
fn a_future_that_becomes_ready_wakes_the_select() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<u8>(capacity);
        let manual = Manual::default();
        let mut hand = Hand::waiting(async {
            select! { () = manual.clone() => "future", _ = <-rx => "value" }
        });
        manual.fire();
        assert_eq!(hand.woken(), "future");
        if capacity == 0 {
            assert!(tx.try_send(1).is_err(), "the receive has left the channel");
        }
    }
}

#[test]
fn a_value_wakes_a_select_with_a_pending_future() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let manual = Manual::default();
        let mut hand = Hand::waiting(async {
            select! { () = manual.clone() => None, v = <-rx => v }
        });
        tx.try_send(3).unwrap();
        assert_eq!(hand.woken(), Some(3));
        manual.fire();
    }
}

/// The value came first and has claimed the select: the future, ready by then, does not win, too.
#[test]
fn a_future_that_is_ready_too_late_does_not_win() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let manual = Manual::default();
        let mut hand = Hand::waiting(async {
            select! { biased; () = manual.clone() => None, v = <-rx => v }
        });
        tx.try_send(3).unwrap();
        manual.fire();
        assert_eq!(hand.woken(), Some(3), "the value has left the channel; it must come out here");
        assert!(rx.is_empty());
    }
}

#[test]
fn both_ready_at_once_give_one_winner_and_the_loser_loses_nothing() {
    on_each_runtime(|| async {
        let (ta, a) = channel(1);
        let (tb, mut b) = tokio::sync::mpsc::channel(1);
        let mut wins = [0_u32; 2];
        for n in 0..2_000 {
            ta.try_send(n).unwrap();
            tb.try_send(n).unwrap();
            select! {
                v = <-a => { assert_eq!(v, Some(n)); wins[0] += 1; assert_eq!(b.try_recv(), Ok(n)); }
                v = b.recv() => { assert_eq!(v, Some(n)); wins[1] += 1; assert_eq!(a.try_recv(), Ok(n)); }
            }
        }
        assert!(wins.iter().all(|&n| n > 500), "{wins:?}");
    });
}

/// While the foreign future is polled nobody can complete the select: a rendezvous send finds no receiver.
#[test]
fn a_counterpart_does_not_complete_a_select_whose_future_is_being_polled() {
    let (tx, rx) = channel::<u8>(0);
    let calls = Cell::new(0);
    let mut hand = Hand::waiting(async {
        select! {
            n = poll_fn(|_| {
                calls.set(calls.get() + 1);
                assert!(tx.try_send(1).is_err(), "the receiver is awake");
                if calls.get() < 3 { Poll::Pending } else { Poll::Ready(7) }
            }) => n,
            _ = <-rx => 0,
        }
    });
    assert!(hand.poll().is_pending());
    assert_eq!(hand.run(), Some(7));
    assert_eq!((calls.get(), rx.len()), (3, 0));
}

/// The foreign future's own poll sends on the other arm's channel, at whichever poll.
#[test]
fn a_value_sent_while_the_future_is_polled_is_not_missed() {
    for capacity in BUFFERED {
        for at in 1..=3 {
            let (tx, rx) = of_capacity(capacity);
            let polls = Cell::new(0);
            let mut hand = Hand::new(async {
                select! {
                    () = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        if polls.get() == at { tx.try_send(at).unwrap(); }
                        Poll::Pending
                    }) => None,
                    v = <-rx => v,
                }
            });
            for _ in 1..at {
                assert!(hand.poll().is_pending());
            }
            assert_eq!(hand.run(), Some(Some(at)), "capacity {capacity}, poll {at}");
        }
    }
}

/// At capacity 0 a sender parks meanwhile.
#[test]
fn a_sender_that_parks_while_the_future_is_polled_is_not_missed() {
    for at in 1..=3 {
        let (tx, rx) = channel(0);
        let polls = Cell::new(0);
        let parked = std::cell::RefCell::new(None);
        let mut hand = Hand::new(async {
            select! {
                () = poll_fn(|_| {
                    polls.set(polls.get() + 1);
                    if polls.get() == at { *parked.borrow_mut() = Some(Hand::waiting(tx.send(at))); }
                    Poll::Pending
                }) => None,
                v = <-rx => v,
            }
        });
        for _ in 1..at {
            assert!(hand.poll().is_pending());
        }
        assert_eq!(hand.run(), Some(Some(at)));
        drop(hand);
        assert_eq!(parked.into_inner().unwrap().woken(), Ok(()));
    }
}

/// The same for send arms: a receiver parks, or takes a value and so makes room.
#[test]
fn room_that_comes_while_the_future_is_polled_is_not_missed() {
    for capacity in [0, 1, 7] {
        for at in 1..=3 {
            let (tx, rx) = of_capacity(capacity);
            for _ in 0..capacity {
                tx.try_send(0).unwrap();
            }
            let polls = Cell::new(0);
            let parked = std::cell::RefCell::new(None);
            let mut hand = Hand::new(async {
                select! {
                    () = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        if polls.get() == at {
                            if capacity == 0 {
                                *parked.borrow_mut() = Some(Hand::waiting(rx.recv()));
                            } else {
                                assert_eq!(rx.try_recv(), Ok(0));
                            }
                        }
                        Poll::Pending
                    }) => false,
                    r = tx <- 9 => r.is_ok(),
                }
            });
            for _ in 1..at {
                assert!(hand.poll().is_pending());
            }
            assert_eq!(hand.run(), Some(true), "capacity {capacity}, poll {at}");
            drop(hand);
            let parked = parked.into_inner();
            if let Some(mut receive) = parked {
                assert_eq!(receive.woken(), Some(9));
            }
        }
    }
}

#[test]
fn a_close_while_the_future_is_polled_is_not_missed() {
    for capacity in CAPACITIES {
        for at in 1..=3 {
            let (tx, rx) = of_capacity::<u8>(capacity);
            let polls = Cell::new(0);
            let mut hand = Hand::new(async {
                select! {
                    () = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        if polls.get() == at { tx.close(); }
                        Poll::Pending
                    }) => Some(1),
                    v = <-rx => v,
                }
            });
            for _ in 1..at {
                assert!(hand.poll().is_pending());
            }
            assert_eq!(hand.run(), Some(None), "capacity {capacity}, poll {at}");
        }
    }
}

/// One mark for two changes: the close disables an arm, and the look goes on to the value in the other.
#[test]
fn a_close_and_a_value_while_the_future_is_polled_are_both_seen() {
    for capacity in BUFFERED {
        for at in 1..=3 {
            let (ta, a) = of_capacity::<u8>(capacity);
            let (tb, b) = of_capacity(capacity);
            let polls = Cell::new(0);
            let mut hand = Hand::new(async {
                select! {
                    biased;
                    Some(_) = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        if polls.get() == at { ta.close(); tb.try_send(at).unwrap(); }
                        Poll::<Option<()>>::Pending
                    }) => None,
                    Some(_) = <-a => None,
                    Some(v) = <-b => Some(v),
                    closed => None,
                }
            });
            for _ in 1..at {
                assert!(hand.poll().is_pending());
            }
            assert_eq!(hand.run(), Some(Some(at)), "capacity {capacity}, poll {at}");
        }
    }
}

/// It sends on the other arm's channel and is ready itself: one wins, the value is still in the channel.
#[test]
fn a_future_that_sends_to_its_rival_and_is_ready_wins_alone() {
    for capacity in BUFFERED {
        for at in 1..=3 {
            let (tx, rx) = of_capacity(capacity);
            let polls = Cell::new(0);
            let mut hand = Hand::new(async {
                select! {
                    biased;
                    n = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        if polls.get() < at { return Poll::Pending; }
                        tx.try_send(5).unwrap();
                        Poll::Ready(1)
                    }) => n,
                    v = <-rx => v.unwrap(),
                }
            });
            for _ in 1..at {
                assert!(hand.poll().is_pending());
            }
            assert_eq!(hand.run(), Some(1), "capacity {capacity}, poll {at}");
            drop(hand);
            assert_eq!((rx.len(), rx.try_recv()), (1, Ok(5)));
        }
    }
}

/// A waiter that was awake when its turn came keeps its place.
#[test]
fn a_waiter_that_was_passed_over_keeps_its_place() {
    let (tx, rx) = channel(1);
    let polls = Cell::new(0);
    let mut hand = Hand::waiting(async {
        select! {
            () = poll_fn(|_| {
                polls.set(polls.get() + 1);
                // The value that it is passed over for goes to the one behind it.
                if polls.get() == 2 { tx.try_send(1).unwrap(); }
                Poll::Pending
            }) => None,
            v = <-rx => v,
        }
    });
    let mut behind = Hand::waiting(rx.recv());
    assert!(hand.poll().is_pending());
    assert_eq!(behind.woken(), Some(1));
    let mut last = Hand::waiting(rx.recv());
    tx.try_send(2).unwrap();
    assert_eq!(hand.woken(), Some(2), "it is still before those who came later");
    tx.try_send(3).unwrap();
    assert_eq!(last.woken(), Some(3));
}

#[test]
fn the_future_that_loses_is_dropped_before_the_body() {
    let log = Log::default();
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    let guard = log.guard("future dropped");
    let got = Hand::new(async {
        select! {
            biased;
            v = <-rx => log.note("body", v),
            () = async move { let _guard = guard; std::future::pending().await } => None,
        }
    })
    .run();
    assert_eq!(got, Some(Some(1)));
    assert_eq!(log.take(), ["future dropped", "body"]);
}

#[test]
fn a_future_is_not_polled_once_another_arm_has_won() {
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    let got = Hand::new(async {
        select! {
            biased;
            v = <-rx => v,
            _ = async { panic!("it comes after the winner") } => None,
        }
    })
    .run();
    assert_eq!(got, Some(Some(1)));
}

#[test]
fn a_future_that_panics_leaves_the_channels_whole() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut hand = Hand::waiting({
            let polls = Cell::new(0);
            let rx = rx.clone();
            async move {
                select! {
                    () = poll_fn(|_| {
                        polls.set(polls.get() + 1);
                        assert!(polls.get() < 2, "as it is meant to");
                        Poll::Pending
                    }) => None,
                    v = <-rx => v,
                }
            }
        });
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hand.poll()));
        assert!(panicked.is_err());
        let mut later = Hand::waiting(rx.recv());
        drop(hand);
        tx.try_send(1).unwrap();
        assert_eq!(later.woken(), Some(1));
    }
}

#[test]
fn a_future_that_needs_pinning_is_an_arm() {
    async fn slow(rx: &Receiver<u8>) -> Option<u8> {
        let first = rx.recv().await?;
        tokio::task::yield_now().await;
        rx.recv().await.map(|second| first + second)
    }
    on_each_runtime(|| async {
        let (tx, rx) = channel(2);
        let (_t, other) = channel::<u8>(0);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let got = select! { v = slow(&rx) => v, v = <-other => v };
        assert_eq!(got, Some(3));
    });
}

#[test]
fn a_future_by_reference_goes_on_in_the_next_round() {
    let (tx, rx) = channel(1);
    let mut polls = 0;
    let mut slow = std::pin::pin!(poll_fn(|_| {
        polls += 1;
        if polls < 6 { Poll::Pending } else { Poll::Ready("done") }
    }));
    let mut values = 0;
    let mut hand = Hand::new(async {
        loop {
            select! {
                biased;
                done = slow.as_mut() => break (done, values),
                Some(()) = <-rx => values += 1,
                closed => unreachable!(),
            }
        }
    });
    for _ in 0..3 {
        tx.try_send(()).unwrap();
        assert!(hand.poll().is_pending());
    }
    drop(tx);
    let (done, values) = (0..10)
        .find_map(|_| match hand.poll() {
            Poll::Ready(got) => Some(got),
            Poll::Pending => None,
        })
        .expect("its sixth poll is the last");
    assert_eq!(done, "done");
    assert!(values > 0);
}

/// A tokio channel on one side, ours on the other: every value arrives exactly once.
#[test]
fn values_of_a_foreign_and_a_native_channel_all_arrive() {
    const EACH: u64 = 10_000;
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let (ta, a) = of_capacity(capacity);
            let (tb, mut b) = tokio::sync::mpsc::channel(3);
            let native = go! { for n in 0..EACH { ta <- n else { return }; } };
            let foreign = go! { for n in 0..EACH { tb.send(n).await.unwrap(); } };
            let (mut next_a, mut next_b) = (0, 0);
            loop {
                select! {
                    Some(v) = <-a => { assert_eq!(v, next_a); next_a += 1; }
                    Some(v) = b.recv() => { assert_eq!(v, next_b); next_b += 1; }
                    closed => break,
                }
            }
            assert_eq!((next_a, next_b), (EACH, EACH));
            native.await.unwrap();
            foreign.await.unwrap();
        }
    });
}

/// Native and foreign sends in one select: what was sent is what arrives.
#[test]
fn sends_to_a_foreign_and_a_native_channel_all_arrive_once() {
    const VALUES: u64 = 10_000;
    on_each_runtime(|| async {
        for capacity in [0, 1, 7] {
            let (ta, a) = of_capacity(capacity);
            let (tb, mut b) = tokio::sync::mpsc::channel(1);
            let sender = go! {
                for n in 0..VALUES {
                    select! {
                        r = ta <- n => r.unwrap(),
                        permit = tb.reserve() => permit.unwrap().send(n),
                    }
                }
            };
            let mut next = vec![0_u8; VALUES as usize];
            loop {
                let n = select! { Some(v) = <-a => v, Some(v) = b.recv() => v, closed => break };
                next[n as usize] += 1;
            }
            sender.await.unwrap();
            assert!(next.iter().all(|&n| n == 1));
        }
    });
}

#[test]
fn a_socket_races_with_a_channel_and_no_byte_is_lost() {
    on_each_runtime(|| async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tx, rx) = channel(1);
        let writer = go! {
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            for n in 0..500_u32 {
                socket.write_all(&n.to_be_bytes()).await.unwrap();
                tx <- n else { return };
            }
        };
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut bytes, mut values, mut buffer) = (Vec::new(), Vec::new(), [0; 64]);
        let mut open = true;
        while open || values.len() < 500 {
            select! {
                n = socket.read(&mut buffer), if open => match n.unwrap() {
                    0 => open = false,
                    n => bytes.extend_from_slice(&buffer[..n]),
                },
                Some(v) = <-rx => values.push(v),
                closed => unreachable!(),
            }
        }
        writer.await.unwrap();
        assert_eq!(values, (0..500).collect::<Vec<_>>());
        assert_eq!(bytes, (0..500_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    });
}

#[test]
fn a_timer_fires_when_nothing_else_comes() {
    with_paused_clock(async {
        let (tx, rx) = channel::<u8>(0);
        let got = select! { v = <-rx => v, _ = <-after(ms(50)) => Some(99) };
        assert_eq!(got, Some(99));
        assert!(tx.try_send(1).is_err());
    });
}

#[test]
fn a_value_before_the_timer_wins_and_the_timer_is_gone() {
    with_paused_clock(async {
        let (tx, rx) = channel(0);
        let task = go! { sleep(ms(10)).await; tx <- 1 else { return }; };
        let start = vela::time::Instant::now();
        let got = select! { v = <-rx => v, _ = <-after(ms(50)) => None };
        assert_eq!((got, start.elapsed()), (Some(1), ms(10)));
        task.await.unwrap();
    });
}

#[test]
fn a_timer_that_is_kept_is_not_consumed_by_losing() {
    with_paused_clock(async {
        let (tx, rx) = channel(7);
        for n in 0..7 {
            tx.try_send(n).unwrap();
        }
        let start = vela::time::Instant::now();
        let deadline = after(ms(30));
        let mut values = 0;
        loop {
            select! {
                Some(_) = <-rx => values += 1,
                () = <-deadline => break,
                closed => unreachable!(),
            }
        }
        assert_eq!((values, start.elapsed()), (7, ms(30)));
    });
}

#[test]
fn an_arm_can_be_a_select_of_its_own() {
    let (ta, a) = channel(1);
    let (tb, b) = channel(1);
    let (tc, c) = channel(1);
    for (n, tx) in [&ta, &tb, &tc].into_iter().enumerate() {
        let mut hand = Hand::waiting(async {
            select! {
                v = <-a => v,
                v = async { select! { v = <-b => v, v = <-c => v } } => v,
            }
        });
        tx.try_send(n).unwrap();
        assert_eq!(hand.woken(), Some(n));
        assert!(a.is_empty() && b.is_empty() && c.is_empty());
    }
}

/// The inner select was completed by a counterpart, and the outer one goes another way: the value comes back.
#[test]
fn a_value_handed_to_an_inner_select_that_loses_comes_back() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut hand = Hand::waiting(async {
            select! {
                biased;
                v = <-a => v,
                v = async { select! { v = <-b => v } } => v,
            }
        });
        ta.try_send(1).unwrap();
        tb.try_send(2).unwrap();
        assert_eq!(hand.woken(), Some(1));
        assert_eq!((b.len(), b.try_recv()), (1, Ok(2)));
    }
}

#[test]
fn values_of_futures_that_lose_are_dropped_once() {
    let counter = Arc::default();
    for _ in 0..200 {
        let (a, b) = (counted(&counter), counted(&counter));
        let winner = Hand::new(async {
            select! { v = async { a } => v, v = async { b } => v }
        })
        .run();
        assert_eq!(alive(&counter), 1);
        drop(winner);
        assert_eq!(alive(&counter), 0);
    }
}
