//! `any(&mut set)`: a set chosen at run time, as one arm.

use std::sync::Arc;

use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, alive, counted, now, of_capacity, on_each_runtime};

/// None; inline; the most that is inline; just beyond; many.
const SIZES: [usize; 5] = [0, 1, 4, 5, 100];

type Ends<T> = (Vec<Sender<T>>, Vec<Receiver<T>>);

fn ends<T>(n: usize, capacity: usize) -> Ends<T> {
    (0..n).map(|_| of_capacity(capacity)).unzip()
}

#[test]
fn an_empty_set_is_never_ready() {
    let mut none: Vec<Receiver<u8>> = Vec::new();
    let mut hand = Hand::waiting(async { vela!(<-any(&mut none)) });
    assert!(hand.poll().is_pending());
    assert_eq!(hand.rings(), 0);
    drop(hand);
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    assert_eq!(
        now(async {
            select! { (_, v) = <-any(&mut none) => v, v = <-rx => v }
        }),
        Some(1)
    );
    assert!(now(async {
        select! { _ = <-any(&mut none) => false, else => true }
    }));
}

#[test]
fn each_member_that_is_ready_is_given_with_its_index() {
    for size in SIZES {
        for capacity in BUFFERED {
            let (senders, mut inputs) = ends(size, capacity);
            for (n, tx) in senders.iter().enumerate() {
                tx.try_send(n).unwrap();
            }
            let mut seen = vec![0; size];
            for _ in 0..size {
                let (i, v) = now(async { vela!(<-any(&mut inputs)) });
                assert_eq!(v, Some(i));
                seen[i] += 1;
            }
            assert!(seen.iter().all(|&n| n == 1));
            assert!(Hand::new(async { vela!(<-any(&mut inputs)) }).poll().is_pending());
        }
    }
}

#[test]
fn each_member_wakes_a_waiting_set_with_its_index() {
    for size in SIZES {
        for capacity in CAPACITIES {
            let (senders, mut inputs) = ends(size, capacity);
            for (n, tx) in senders.iter().enumerate() {
                let mut hand = Hand::waiting(async {
                    select! { found = <-any(&mut inputs) => found }
                });
                tx.try_send(n).unwrap();
                assert_eq!(hand.woken(), (n, Some(n)));
            }
        }
    }
}

#[test]
fn a_parked_sender_of_any_member_is_met() {
    for size in [1, 4, 5, 100] {
        let (senders, mut inputs) = ends(size, 0);
        let mut send = Hand::waiting(senders[size - 1].send(7));
        assert_eq!(now(async { vela!(<-any(&mut inputs)) }), (size - 1, Some(7)));
        assert_eq!(send.woken(), Ok(()));
    }
}

#[test]
fn a_closed_member_fires_until_it_is_removed() {
    for size in [1, 4, 5, 100] {
        for capacity in CAPACITIES {
            let (senders, mut inputs) = ends::<u8>(size, capacity);
            let mut hand = Hand::waiting(async { vela!(<-any(&mut inputs)) });
            senders[0].close();
            assert_eq!(hand.woken(), (0, None));
            drop(hand);
            for _ in 0..20 {
                assert_eq!(now(async { vela!(<-any(&mut inputs)) }), (0, None));
            }
            inputs.remove(0);
            assert!(Hand::new(async { vela!(<-any(&mut inputs)) }).poll().is_pending());
        }
    }
}

#[test]
fn a_set_in_a_select_loses_without_effect() {
    for size in [1, 4, 5, 100] {
        for capacity in CAPACITIES {
            let (senders, mut inputs) = ends(size, capacity);
            let (tx, rx) = channel(0);
            let mut hand = Hand::waiting(async {
                select! { (_, v) = <-any(&mut inputs) => v, v = <-rx => v }
            });
            tx.try_send(1).unwrap();
            if capacity == 0 {
                assert!(senders.iter().all(|tx| tx.try_send(2).is_err()));
            } else {
                assert!(senders.iter().all(|tx| tx.try_send(2).is_ok()));
            }
            assert_eq!(hand.woken(), Some(1));
            drop(hand);
            assert!(inputs.iter().all(|rx| rx.len() == usize::from(capacity > 0)));
        }
    }
}

#[test]
fn a_set_that_is_dropped_while_it_waits_leaves_every_member() {
    for size in [1, 4, 5, 100] {
        for capacity in CAPACITIES {
            let (senders, mut inputs) = ends(size, capacity);
            let receivers = inputs.clone();
            drop(Hand::waiting(async { vela!(<-any(&mut inputs)) }));
            for (tx, rx) in senders.iter().zip(&receivers) {
                let mut later = Hand::waiting(rx.recv());
                tx.try_send(1).unwrap();
                assert_eq!(later.woken(), Some(1));
            }
        }
    }
}

#[test]
fn a_value_handed_to_a_dropped_set_comes_back() {
    for size in [1, 4, 5, 100] {
        for capacity in CAPACITIES {
            let (senders, mut inputs) = ends(size, capacity);
            let receivers = inputs.clone();
            let hand = Hand::waiting(async { vela!(<-any(&mut inputs)) });
            senders[size - 1].try_send(9).unwrap();
            drop(hand);
            assert_eq!(receivers[size - 1].try_recv(), Ok(9));
        }
    }
}

#[test]
fn the_same_channel_twice_in_a_set_gives_each_value_once() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut inputs = vec![rx.clone(), rx.clone(), rx.clone()];
        for n in 0..50 {
            let mut hand = Hand::waiting(async { vela!(<-any(&mut inputs)) });
            tx.try_send(n).unwrap();
            let (_, v) = hand.woken();
            assert_eq!(v, Some(n));
            assert!(rx.is_empty());
        }
    }
}

#[test]
fn two_sets_in_one_select_are_two_arms() {
    let (ta, mut a) = ends(3, 1);
    let (tb, mut b) = ends(7, 1);
    for (n, tx) in ta.iter().chain(&tb).enumerate() {
        let mut hand = Hand::waiting(async {
            select! { (i, v) = <-any(&mut a) => (0, i, v), (i, v) = <-any(&mut b) => (1, i, v) }
        });
        tx.try_send(n).unwrap();
        let at = if n < 3 { (0, n, Some(n)) } else { (1, n - 3, Some(n)) };
        assert_eq!(hand.woken(), at);
    }
}

#[test]
fn a_set_of_options_skips_the_none_members() {
    let (senders, receivers) = ends(6, 1);
    let mut inputs: Vec<Option<Receiver<usize>>> =
        receivers.into_iter().enumerate().map(|(n, rx)| (n % 2 == 0).then_some(rx)).collect();
    for n in [0, 2, 4] {
        let mut hand = Hand::waiting(async { vela!(<-any(&mut inputs)) });
        senders[n].try_send(n).unwrap();
        assert_eq!(hand.woken(), (n, Some(n)));
    }
}

/// Foreign members: the wake-up of any of them is enough.
#[test]
fn a_set_of_tasks_gives_the_first_that_ends() {
    on_each_runtime(|| async {
        let (tx, rx) = channel::<()>(0);
        let mut tasks: Vec<Task<u32>> =
            (0..6_u32).map(|n| go!(clone(rx) { if n == 4 { n } else { vela!(<-rx); n } })).collect();
        let (i, v) = vela!(<-any(&mut tasks));
        assert_eq!((i, v.unwrap()), (4, 4));
        tasks.remove(4);
        drop(tx);
        let mut left = Vec::new();
        while !tasks.is_empty() {
            let (i, v) = vela!(<-any(&mut tasks));
            left.push(v.unwrap());
            tasks.remove(i);
        }
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3, 5]);
    });
}

#[test]
fn a_set_of_timers_fires_in_their_order() {
    super::probe::with_paused_clock(async {
        let mut timers: Vec<_> = [40, 10, 30, 20, 60, 50].into_iter().map(|n| after(ms(n))).collect();
        let mut order = Vec::new();
        for _ in 0..6 {
            let (i, ()) = vela!(<-any(&mut timers));
            order.push(i);
        }
        assert_eq!(order, [1, 3, 2, 0, 5, 4]);
    });
}

#[test]
fn a_slice_and_an_array_are_sets_too() {
    let (senders, mut inputs) = ends(3, 1);
    senders[1].try_send(5).unwrap();
    assert_eq!(now(async { vela!(<-any(&mut inputs[1..])) }), (0, Some(5)));
    let mut array: [Receiver<i32>; 3] = inputs.try_into().unwrap();
    senders[2].try_send(6).unwrap();
    assert_eq!(now(async { vela!(<-any(&mut array)) }), (2, Some(6)));
}

#[test]
fn many_members_deliver_everything_once() {
    on_each_runtime(|| async {
        for (size, each) in [(4, 1_000_usize), (5, 1_000), (100, 50)] {
            for capacity in [0, 3] {
                let (senders, mut inputs) = ends(size, capacity);
                for (me, tx) in senders.into_iter().enumerate() {
                    go! { for n in 0..each { tx <- me * each + n else { return }; } };
                }
                let mut seen = vec![0; size * each];
                while !inputs.is_empty() {
                    match vela!(<-any(&mut inputs)) {
                        (_, Some(v)) => seen[v] += 1,
                        (i, None) => drop(inputs.swap_remove(i)),
                    }
                }
                assert!(seen.iter().all(|&n| n == 1));
            }
        }
    });
}

#[test]
fn values_in_a_dropped_set_are_dropped_once() {
    let counter = Arc::default();
    for size in [4, 5] {
        let (senders, mut inputs) = ends(size, 1);
        let hand = Hand::waiting(async { vela!(<-any(&mut inputs)).1.is_some() });
        for tx in &senders {
            assert!(tx.try_send(counted(&counter)).is_ok());
        }
        assert_eq!(alive(&counter), size);
        drop(hand);
        drop((senders, inputs));
        assert_eq!(alive(&counter), 0);
    }
}
