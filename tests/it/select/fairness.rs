//! Among ready arms each is equally likely, whatever else is in the select.

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;

use vela::prelude::*;
use vela::{Select, SelectSet};

use super::probe::{Hand, on_each_runtime};

/// Whether `count` of `trials` is what a chance of 1 in `n` gives, within 10 σ.
#[track_caller]
fn assert_fair(count: u32, trials: u32, n: u32) {
    let (trials, p) = (f64::from(trials), 1.0 / f64::from(n));
    let (mean, sigma) = (trials * p, (trials * p * (1.0 - p)).sqrt());
    assert!(
        (f64::from(count) - mean).abs() < 10.0 * sigma,
        "{count} of {trials}, expected {mean:.0} ± {:.0}",
        10.0 * sigma
    );
}

fn full<T: Copy>(value: T) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = channel(1);
    assert!(tx.try_send(value).is_ok());
    (tx, rx)
}

#[test]
fn two_ready_arms_get_half_each() {
    on_each_runtime(|| async {
        let (ta, a) = full(());
        let (tb, b) = full(());
        let mut counts = [0_u32; 2];
        for _ in 0..10_000 {
            select! {
                _ = <-a => { counts[0] += 1; ta.try_send(()).unwrap(); }
                _ = <-b => { counts[1] += 1; tb.try_send(()).unwrap(); }
            }
        }
        assert!(counts.iter().all(|n| (4_500..=5_500).contains(n)), "{counts:?}");
    });
}

#[test]
fn arms_that_are_never_ready_in_between_change_nothing() {
    on_each_runtime(|| async {
        let (ta, a) = full(());
        let (tb, b) = full(());
        let (_t1, never1) = channel::<()>(0);
        let (_t2, never2) = channel::<()>(4);
        let nil: Option<Receiver<()>> = None;
        let (tfull, _rfull) = full(());
        let (mut na, mut nb) = (0, 0);
        for _ in 0..10_000 {
            select! {
                _ = <-never1 => unreachable!(),
                _ = <-a => { na += 1; ta.try_send(()).unwrap(); }
                _ = <-never2 => unreachable!(),
                _ = <-nil => unreachable!(),
                tfull <- () => unreachable!(),
                _ = <-b => { nb += 1; tb.try_send(()).unwrap(); }
                _ = std::future::pending::<()>() => unreachable!(),
            }
        }
        assert_eq!(na + nb, 10_000);
        assert_fair(na, 10_000, 2);
        assert_fair(nb, 10_000, 2);
    });
}

/// A rotation gives the first ready arm behind a gap the chance of the whole gap: of any two of four arms that are
/// ready, each must be taken half the time, wherever they stand.
#[test]
fn each_pair_of_ready_arms_is_even_wherever_it_stands() {
    const TRIALS: u32 = 10_000;
    on_each_runtime(|| async {
        for first in 0..4 {
            for second in first + 1..4 {
                let ends: [(Sender<()>, Receiver<()>); 4] = std::array::from_fn(|_| channel(1));
                for ready in [first, second] {
                    ends[ready].0.try_send(()).unwrap();
                }
                let mut counts = [0; 4];
                for _ in 0..TRIALS {
                    let won = select! {
                        _ = <-ends[0].1 => 0,
                        _ = <-ends[1].1 => 1,
                        _ = <-ends[2].1 => 2,
                        _ = <-ends[3].1 => 3,
                    };
                    counts[won] += 1;
                    ends[won].0.try_send(()).unwrap();
                }
                assert_eq!(counts[first] + counts[second], TRIALS);
                assert_fair(counts[first], TRIALS, 2);
            }
        }
    });
}

/// The order of the looks, seen through foreign futures: each of the 24 orders, equally often.
#[test]
fn the_order_of_looking_is_a_full_shuffle() {
    const ROUNDS: u32 = 24_000;
    let mut orders = HashMap::<Vec<u8>, u32>::new();
    for _ in 0..ROUNDS {
        let seen = std::cell::RefCell::new(Vec::new());
        let look = |arm: u8| {
            let seen = &seen;
            poll_fn(move |_| {
                seen.borrow_mut().push(arm);
                Poll::<()>::Pending
            })
        };
        let took_else = Hand::new(async {
            select! {
                _ = look(0) => false,
                _ = look(1) => false,
                _ = look(2) => false,
                _ = look(3) => false,
                else => true,
            }
        })
        .run();
        assert_eq!(took_else, Some(true));
        *orders.entry(seen.into_inner()).or_default() += 1;
    }
    assert_eq!(orders.len(), 24, "each arm is looked at once, in every order: {orders:?}");
    for &count in orders.values() {
        assert_fair(count, ROUNDS, 24);
    }
}

#[test]
fn sends_receives_and_foreign_futures_are_equally_likely() {
    on_each_runtime(|| async {
        let (ta, a) = full(());
        let (tb, b) = channel(1);
        let (tc, mut c) = tokio::sync::mpsc::channel(1);
        tc.try_send(()).unwrap();
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            select! {
                _ = <-a => { counts[0] += 1; ta.try_send(()).unwrap(); }
                tb <- () => { counts[1] += 1; b.try_recv().unwrap(); }
                _ = c.recv() => { counts[2] += 1; tc.try_send(()).unwrap(); }
            }
        }
        for count in counts {
            assert_fair(count, 10_000, 3);
        }
    });
}

#[test]
fn seventeen_and_more_arms_are_shuffled_too() {
    on_each_runtime(|| async {
        let ends: Vec<(Sender<()>, Receiver<()>)> = (0..20).map(|_| full(())).collect();
        let r = |i: usize| &ends[i].1;
        let mut counts = [0_u32; 20];
        for _ in 0..10_000 {
            let won = select! {
                _ = <-r(0) => 0, _ = <-r(1) => 1, _ = <-r(2) => 2, _ = <-r(3) => 3, _ = <-r(4) => 4,
                _ = <-r(5) => 5, _ = <-r(6) => 6, _ = <-r(7) => 7, _ = <-r(8) => 8, _ = <-r(9) => 9,
                _ = <-r(10) => 10, _ = <-r(11) => 11, _ = <-r(12) => 12, _ = <-r(13) => 13, _ = <-r(14) => 14,
                _ = <-r(15) => 15, _ = <-r(16) => 16, _ = <-r(17) => 17, _ = <-r(18) => 18, _ = <-r(19) => 19,
            };
            counts[won] += 1;
            ends[won].0.try_send(()).unwrap();
        }
        for count in counts {
            assert_fair(count, 10_000, 20);
        }
    });
}

#[test]
fn any_is_fair_inline_and_beyond() {
    for members in [2_u32, 4, 5, 16, 17, 40] {
        let ends: Vec<(Sender<()>, Receiver<()>)> = (0..members).map(|_| full(())).collect();
        let mut inputs: Vec<Receiver<()>> = ends.iter().map(|(_, rx)| rx.clone()).collect();
        let mut counts = vec![0_u32; members as usize];
        let done = Hand::new(async {
            for _ in 0..10_000 {
                let (won, _) = vela!(<-any(&mut inputs));
                counts[won] += 1;
                ends[won].0.try_send(()).unwrap();
            }
        })
        .run();
        assert!(done.is_some());
        for count in counts {
            assert_fair(count, 10_000, members);
        }
    }
}

#[test]
fn any_with_idle_members_in_between_is_fair() {
    let ends: Vec<(Sender<()>, Receiver<()>)> = (0..9).map(|_| channel(1)).collect();
    let mut inputs: Vec<Receiver<()>> = ends.iter().map(|(_, rx)| rx.clone()).collect();
    for ready in [0, 3, 4] {
        ends[ready].0.try_send(()).unwrap();
    }
    let mut counts = [0_u32; 9];
    let done = Hand::new(async {
        for _ in 0..10_000 {
            let (won, _) = vela!(<-any(&mut inputs));
            counts[won] += 1;
            ends[won].0.try_send(()).unwrap();
        }
    })
    .run();
    assert!(done.is_some());
    for ready in [0, 3, 4] {
        assert_fair(counts[ready], 10_000, 3);
    }
}

#[test]
fn a_select_set_is_fair() {
    on_each_runtime(|| async {
        let mut set = SelectSet::new();
        let senders: Vec<Sender<()>> = (0..6)
            .map(|_| {
                let (tx, rx) = full(());
                set.insert(rx);
                tx
            })
            .collect();
        let (_idle, never) = channel(1);
        set.insert(never);
        let mut counts = [0_u32; 6];
        for _ in 0..10_000 {
            let (won, value) = vela!(<-set);
            assert_eq!(value, Some(()));
            counts[won] += 1;
            senders[won].try_send(()).unwrap();
        }
        for count in counts {
            assert_fair(count, 10_000, 6);
        }
    });
}

#[test]
fn a_member_that_a_set_has_seen_empty_is_as_likely_once_it_is_filled() {
    on_each_runtime(|| async {
        let mut set = SelectSet::new();
        let (senders, receivers): (Vec<Sender<()>>, Vec<_>) = (0..3).map(|_| channel(1)).unzip();
        for rx in receivers {
            set.insert(rx);
        }
        // Enrols all.
        drop(Hand::waiting(set.recv()));
        let mut counts = [0_u32; 3];
        for _ in 0..6_000 {
            senders[0].try_send(()).unwrap();
            assert_eq!(vela!(<-set).0, 0);
            senders.iter().for_each(|tx| tx.try_send(()).unwrap());
            counts[vela!(<-set).0] += 1;
            let _ = (vela!(<-set), vela!(<-set));
        }
        for count in counts {
            assert_fair(count, 6_000, 3);
        }
    });
}

#[test]
fn a_number_that_a_set_uses_again_is_no_more_likely() {
    on_each_runtime(|| async {
        let mut set = SelectSet::new();
        let (tx, rx) = channel(1);
        set.insert(rx);
        let (mut _other, rx) = channel(1);
        set.insert(rx);
        let mut first = 0;
        for _ in 0..4_000 {
            drop(Hand::waiting(set.recv()));
            tx.try_send(()).unwrap();
            assert_eq!(vela!(<-set).0, 0);
            set.remove(1);
            let rx;
            (_other, rx) = full(());
            assert_eq!(set.insert(rx), 1);
            tx.try_send(()).unwrap();
            first += u32::from(vela!(<-set).0 == 0);
            let _ = vela!(<-set);
        }
        assert_fair(first, 4_000, 2);
    });
}

#[test]
fn the_builder_is_fair() {
    on_each_runtime(|| async {
        let (ta, a) = full(());
        let (tb, b) = full(());
        let (_t, never) = channel::<()>(1);
        let mut counts = [0_u32; 2];
        for _ in 0..10_000 {
            let won = Select::new()
                .recv(&a, |()| 0)
                .recv(&never, |()| 9)
                .recv(&b, |()| 1)
                .wait()
                .await
                .expect("two arms are ready");
            counts[won] += 1;
            [&ta, &tb][won].try_send(()).unwrap();
        }
        assert!(counts.iter().all(|n| (4_500..=5_500).contains(n)), "{counts:?}");
    });
}

/// Whoever waits first is served first, a select like a plain receive.
#[test]
fn waiters_of_one_channel_are_served_first_come_first_served() {
    let (tx, rx) = channel(0);
    let (_t, other) = channel::<u32>(0);
    let select_on = |rx: Receiver<u32>, other: Receiver<u32>| {
        Hand::waiting(async move {
            select! {
                v = <-rx => v,
                v = <-other => v,
            }
        })
    };
    let mut first = select_on(rx.clone(), other.clone());
    let mut second = Hand::waiting(rx.recv());
    let mut third = select_on(rx.clone(), other.clone());
    let mut fourth = Hand::waiting(rx.recv());
    for n in 1..=4 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(first.woken(), Some(1));
    assert_eq!(second.woken(), Some(2));
    assert_eq!(third.woken(), Some(3));
    assert_eq!(fourth.woken(), Some(4));
}
