//! `SelectSet`: a set that keeps its registrations between rounds.

use std::sync::Arc;

use vela::SelectSet;
use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, alive, counted, now, of_capacity, on_each_runtime};

fn set_of<T>(n: usize, capacity: usize) -> (SelectSet<T>, Vec<Sender<T>>) {
    let mut set = SelectSet::new();
    let senders = (0..n)
        .map(|_| {
            let (tx, rx) = of_capacity(capacity);
            set.insert(rx);
            tx
        })
        .collect();
    (set, senders)
}

#[test]
fn an_empty_set_is_never_ready() {
    let mut set = SelectSet::<u8>::new();
    assert!(set.is_empty());
    let mut hand = Hand::waiting(set.recv());
    assert!(hand.poll().is_pending());
    assert_eq!(hand.rings(), 0);
}

#[test]
fn each_member_wakes_the_set_again_and_again() {
    for size in [1, 5, 100] {
        for capacity in CAPACITIES {
            let (mut set, senders) = set_of(size, capacity);
            for round in 0..3 {
                for (n, tx) in senders.iter().enumerate() {
                    let mut hand = Hand::waiting(set.recv());
                    tx.try_send((round, n)).unwrap();
                    assert_eq!(hand.woken(), (n, Some((round, n))));
                }
            }
        }
    }
}

#[test]
fn values_that_came_between_rounds_are_found() {
    for capacity in BUFFERED {
        let (mut set, senders) = set_of(3, capacity);
        // Registered once, by a round that was given up.
        drop(Hand::waiting(set.recv()));
        for round in 0..10 {
            for (n, tx) in senders.iter().enumerate() {
                tx.try_send(round * 10 + n).unwrap();
            }
            let mut seen = [false; 3];
            for _ in 0..3 {
                let (i, v) = now(set.recv());
                assert_eq!(v, Some(round * 10 + i));
                seen[i] = true;
            }
            assert_eq!(seen, [true; 3]);
            drop(Hand::waiting(set.recv()));
        }
    }
}

/// Between rounds nobody is handed anything: a rendezvous finds no receiver.
#[test]
fn between_rounds_a_member_is_no_receiver() {
    let (mut set, senders) = set_of(2, 0);
    drop(Hand::waiting(set.recv()));
    assert!(senders[0].try_send(1).is_err());
    let mut send = Hand::waiting(senders[1].send(2));
    assert_eq!(now(set.recv()), (1, Some(2)));
    assert_eq!(send.woken(), Ok(()));
    assert!(senders[1].try_send(3).is_err());
}

/// A member keeps its place in line, but does not stand in the way of those behind it.
#[test]
fn between_rounds_a_member_does_not_swallow_wake_ups() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut set = SelectSet::new();
        set.insert(rx.clone());
        drop(Hand::waiting(set.recv()));
        let mut behind = Hand::waiting(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(behind.woken(), Some(1));
        let mut round = Hand::waiting(set.recv());
        tx.try_send(2).unwrap();
        assert_eq!(round.woken(), (0, Some(2)));
    }
}

#[test]
fn a_closed_member_fires_until_it_is_removed() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of::<u8>(3, capacity);
        let mut round = Hand::waiting(set.recv());
        senders[1].close();
        assert_eq!(round.woken(), (1, None));
        drop(round);
        for _ in 0..10 {
            assert_eq!(now(set.recv()), (1, None));
        }
        assert!(set.remove(1).is_some());
        assert!(set.remove(1).is_none());
        assert_eq!(set.len(), 2);
        let mut round = Hand::waiting(set.recv());
        senders[2].try_send(7).unwrap();
        assert_eq!(round.woken(), (2, Some(7)));
    }
}

#[test]
fn a_closed_member_is_drained_first() {
    let (mut set, senders) = set_of(1, 7);
    for n in 0..5 {
        senders[0].try_send(n).unwrap();
    }
    senders[0].close();
    for n in 0..5 {
        assert_eq!(now(set.recv()), (0, Some(n)));
    }
    assert_eq!(now(set.recv()), (0, None));
}

#[test]
fn a_member_inserted_while_values_wait_is_found() {
    for capacity in BUFFERED {
        let (mut set, senders) = set_of(2, capacity);
        drop(Hand::waiting(set.recv()));
        let (tx, rx) = of_capacity(capacity);
        tx.try_send(5).unwrap();
        let third = set.insert(rx);
        assert_eq!(third, 2);
        assert_eq!(now(set.recv()), (2, Some(5)));
        senders[0].try_send(6).unwrap();
        assert_eq!(now(set.recv()), (0, Some(6)));
    }
}

#[test]
fn a_member_inserted_at_a_sender_that_waits_meets_it() {
    let (mut set, _senders) = set_of(2, 0);
    drop(Hand::waiting(set.recv()));
    let (tx, rx) = channel(0);
    let mut send = Hand::waiting(tx.send(5));
    set.insert(rx);
    assert_eq!(now(set.recv()), (2, Some(5)));
    assert_eq!(send.woken(), Ok(()));
}

#[test]
fn numbers_of_removed_members_are_used_again() {
    let (mut set, senders) = set_of(3, 1);
    drop(Hand::waiting(set.recv()));
    let removed = set.remove(1).unwrap();
    let (tx, rx) = channel(1);
    assert_eq!(set.insert(rx), 1);
    let mut round = Hand::waiting(set.recv());
    senders[1].try_send(1).unwrap();
    assert!(round.poll().is_pending(), "the one that was removed is no member");
    tx.try_send(2).unwrap();
    assert_eq!(round.woken(), (1, Some(2)));
    assert_eq!(removed.try_recv(), Ok(1));
}

#[test]
fn a_member_removed_while_its_value_waits_takes_it_along() {
    for capacity in BUFFERED {
        let (mut set, senders) = set_of(2, capacity);
        drop(Hand::waiting(set.recv()));
        senders[0].try_send(1).unwrap();
        let rx = set.remove(0).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert!(Hand::new(set.recv()).poll().is_pending());
    }
}

#[test]
fn a_round_dropped_with_a_handed_value_loses_nothing() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of(3, capacity);
        for n in 0..20 {
            let round = Hand::waiting(set.recv());
            senders[n % 3].try_send(n).unwrap();
            drop(round);
            assert_eq!(now(set.recv()), (n % 3, Some(n)));
        }
    }
}

#[test]
fn a_round_dropped_with_a_handed_value_gives_it_to_the_next_waiter() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut set = SelectSet::new();
        set.insert(rx.clone());
        let round = Hand::waiting(set.recv());
        let mut behind = Hand::waiting(rx.recv());
        tx.try_send(1).unwrap();
        drop(round);
        assert_eq!(behind.woken(), Some(1));
    }
}

#[test]
fn a_set_dropped_with_a_handed_value_loses_nothing() {
    let counter = Arc::default();
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut set = SelectSet::new();
        set.insert(rx.clone());
        // The round is leaked, so that only the set itself can give back.
        let mut round = Box::pin(set.recv());
        assert!(super::probe::once(round.as_mut()).is_pending());
        assert!(tx.try_send(counted(&counter)).is_ok());
        drop(round);
        drop(set);
        assert!(rx.try_recv().is_ok());
        assert_eq!(alive(&counter), 0);
    }
}

#[test]
fn a_forgotten_round_leaves_the_set_usable() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of(2, capacity);
        let mut round = Box::pin(set.recv());
        assert!(super::probe::once(round.as_mut()).is_pending());
        std::mem::forget(round);
        senders[0].try_send(1).unwrap();
        assert_eq!(now(set.recv()), (0, Some(1)));
    }
}

/// The forgotten round was completed through a member that is then removed.
#[test]
fn a_member_of_a_forgotten_round_can_be_removed() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of(2, capacity);
        let mut round = Box::pin(set.recv());
        assert!(super::probe::once(round.as_mut()).is_pending());
        std::mem::forget(round);
        senders[0].try_send(1).unwrap();
        let rx = set.remove(0).unwrap();
        assert_eq!(rx.try_recv(), Ok(1), "what was handed over came back");
        let mut round = Hand::waiting(set.recv());
        senders[1].try_send(2).unwrap();
        assert_eq!(round.woken(), (1, Some(2)));
    }
}

/// As above, and another member has taken the number of the one that was removed.
#[test]
fn a_member_of_a_forgotten_round_can_be_replaced() {
    let (mut set, senders) = set_of(2, 1);
    let mut round = Box::pin(set.recv());
    assert!(super::probe::once(round.as_mut()).is_pending());
    std::mem::forget(round);
    senders[0].try_send(1).unwrap();
    drop(set.remove(0));
    let (tx, rx) = channel(1);
    assert_eq!(set.insert(rx), 0);
    let mut round = Hand::waiting(set.recv());
    tx.try_send(2).unwrap();
    assert_eq!(round.woken(), (0, Some(2)));
}

#[test]
fn the_same_channel_twice_gives_each_value_once() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut set = SelectSet::new();
        set.insert(rx.clone());
        set.insert(rx);
        for n in 0..50 {
            let mut round = Hand::waiting(set.recv());
            tx.try_send(n).unwrap();
            let (_, v) = round.woken();
            assert_eq!(v, Some(n));
        }
    }
}

#[test]
fn a_set_is_an_arm_that_can_lose() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of(3, capacity);
        let (tx, rx) = channel(0);
        for n in 0..10 {
            let mut hand = Hand::waiting(async {
                select! { (_, v) = <-set => v, v = <-rx => v }
            });
            tx.try_send(n).unwrap();
            assert_eq!(hand.woken(), Some(n));
            drop(hand);
            let mut hand = Hand::waiting(async {
                select! { (_, v) = <-set => v, v = <-rx => v }
            });
            senders[n % 3].try_send(n).unwrap();
            assert_eq!(hand.woken(), Some(n));
        }
    }
}

/// Both fire before the select runs: the value that was handed to the set goes back.
#[test]
fn a_set_that_loses_with_a_handed_value_keeps_it() {
    for capacity in CAPACITIES {
        let (mut set, senders) = set_of(2, capacity);
        let (tx, rx) = channel(0);
        let mut hand = Hand::waiting(async {
            select! { biased; v = <-rx => v, (_, v) = <-set => v }
        });
        tx.try_send(1).unwrap();
        let sent = senders[1].try_send(2).is_ok();
        assert!(sent);
        assert_eq!(hand.woken(), Some(1));
        drop(hand);
        assert_eq!(now(set.recv()), (1, Some(2)));
    }
}

#[test]
fn members_can_be_looked_at_and_taken_out() {
    let (mut set, senders) = set_of(2, 1);
    senders[1].try_send(5).unwrap();
    assert_eq!(set.get(1).map(Receiver::len), Some(1));
    assert!(set.get(2).is_none() && set.remove(2).is_none());
    assert_eq!(set.remove(0).map(|rx| rx.same_channel(set.get(1).unwrap())), Some(false));
    assert_eq!((set.len(), set.is_empty()), (1, false));
}

#[test]
fn a_set_moves_between_rounds_and_between_threads() {
    on_each_runtime(|| async {
        let (mut set, senders) = set_of(4, 0);
        drop(Hand::waiting(set.recv()));
        let moved = Box::new(set);
        let task = go! {
            let mut set = *moved;
            let mut sum = 0;
            for _ in 0..400 {
                sum += (<-set).1.unwrap();
            }
            sum
        };
        for n in 0..400_u32 {
            senders[n as usize % 4].send(n).await.unwrap();
        }
        assert_eq!(task.await.unwrap(), (0..400).sum::<u32>());
    });
}

#[test]
fn many_senders_and_cancelled_rounds_lose_nothing() {
    const EACH: usize = 2_000;
    on_each_runtime(|| async {
        for capacity in [0, 1, 7] {
            let (mut set, senders) = set_of(5, capacity);
            for (me, tx) in senders.into_iter().enumerate() {
                go! { for n in 0..EACH { tx <- me * EACH + n else { return }; } };
            }
            let mut seen = vec![0; 5 * EACH];
            let mut random = fastrand::Rng::with_seed(1);
            while !set.is_empty() {
                if random.u8(..4) == 0 {
                    // One poll, then the round is dropped.
                    let mut round = std::pin::pin!(set.recv());
                    let got = std::future::poll_fn(|cx| std::task::Poll::Ready(round.as_mut().poll(cx))).await;
                    match got {
                        std::task::Poll::Ready((_, Some(v))) => {
                            seen[v] += 1;
                            continue;
                        }
                        std::task::Poll::Ready((_, None)) => {}
                        std::task::Poll::Pending => tokio::task::yield_now().await,
                    }
                }
                match vela!(<-set) {
                    (_, Some(v)) => seen[v] += 1,
                    (i, None) => drop(set.remove(i)),
                }
            }
            assert!(seen.iter().all(|&n| n == 1));
        }
    });
}
