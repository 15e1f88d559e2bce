//! `biased;`, `then;`, and seeds.

use vela::prelude::*;

use super::probe::{Hand, now, on_each_runtime};

fn ready(n: usize) -> Vec<(Sender<usize>, Receiver<usize>)> {
    (0..n)
        .map(|i| {
            let (tx, rx) = channel(1);
            tx.try_send(i).unwrap();
            (tx, rx)
        })
        .collect()
}

#[test]
fn biased_takes_the_first_ready_arm_in_textual_order() {
    on_each_runtime(|| async {
        let ends = ready(4);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            for _ in 0..500 {
                let got = select! {
                    biased;
                    v = <-ends[order[0]].1 => v,
                    v = <-ends[order[1]].1 => v,
                    v = <-ends[order[2]].1 => v,
                    v = <-ends[order[3]].1 => v,
                };
                assert_eq!(got, Some(order[0]));
                ends[order[0]].0.try_send(order[0]).unwrap();
            }
        }
    });
}

#[test]
fn biased_passes_over_arms_that_are_not_ready() {
    let ends = ready(3);
    ends[0].1.try_recv().unwrap();
    let got = now(async {
        select! {
            biased;
            v = <-ends[0].1 => v,
            v = <-ends[1].1, if std::hint::black_box(false) => v,
            v = <-ends[2].1 => v,
            v = <-ends[1].1 => v,
            else => None,
        }
    });
    assert_eq!(got, Some(2));
}

/// A select that is woken by a mark looks at all arms in its order.
#[test]
fn biased_orders_the_look_under_the_locks_too() {
    for _ in 0..200 {
        let (ta, a) = channel(1);
        let (tb, b) = channel(1);
        let polls = std::cell::Cell::new(0);
        let mut hand = Hand::waiting(async {
            select! {
                biased;
                v = <-a => v,
                v = <-b => v,
                () = std::future::poll_fn(|_| {
                    polls.set(polls.get() + 1);
                    if polls.get() == 2 { tb.try_send('b').unwrap(); ta.try_send('a').unwrap(); }
                    std::task::Poll::Pending
                }) => None,
            }
        });
        assert_eq!(hand.run(), Some(Some('a')));
    }
}

#[test]
fn an_earlier_tier_goes_first_and_each_tier_is_fair_in_itself() {
    on_each_runtime(|| async {
        let ends = ready(5);
        let mut wins = [0_u32; 5];
        // All are ready: only the first tier is taken from.
        for _ in 0..4_000 {
            let won = select! {
                v = <-ends[0].1 => v,
                v = <-ends[1].1 => v,
                then;
                v = <-ends[2].1 => v,
                v = <-ends[3].1 => v,
                then;
                v = <-ends[4].1 => v,
            }
            .unwrap();
            wins[won] += 1;
            ends[won].0.try_send(won).unwrap();
        }
        assert_eq!(wins[2..], [0, 0, 0]);
        assert!(wins[..2].iter().all(|n| (1_684..=2_316).contains(n)), "{wins:?}");
        // The first tier is empty: the second is fair.
        ends[0].1.try_recv().unwrap();
        ends[1].1.try_recv().unwrap();
        let mut wins = [0_u32; 5];
        for _ in 0..4_000 {
            let won = select! {
                v = <-ends[0].1 => v,
                v = <-ends[1].1 => v,
                then;
                v = <-ends[2].1 => v,
                v = <-ends[3].1 => v,
                then;
                v = <-ends[4].1 => v,
            }
            .unwrap();
            wins[won] += 1;
            ends[won].0.try_send(won).unwrap();
        }
        assert_eq!((wins[0], wins[1], wins[4]), (0, 0, 0));
        assert!(wins[2..4].iter().all(|n| (1_684..=2_316).contains(n)), "{wins:?}");
    });
}

/// Tiers order each look; once the select sleeps, the first to fire wins.
#[test]
fn the_first_to_fire_wins_once_the_select_sleeps() {
    for biased in [true, false] {
        let (ta, a) = channel(0);
        let (tb, b) = channel(0);
        let mut hand = Hand::waiting(async {
            if biased {
                select! { biased; v = <-a => v, v = <-b => v }
            } else {
                select! { v = <-a => v, then; v = <-b => v }
            }
        });
        tb.try_send('b').unwrap();
        assert!(ta.try_send('a').is_err(), "it has been decided");
        assert_eq!(hand.woken(), Some('b'));
    }
}

#[test]
fn tiers_end_in_closed_and_else_as_any_select_does() {
    let (ta, a) = channel::<u8>(1);
    let (tb, b) = channel::<u8>(1);
    let look = async || {
        select! {
            Some(v) = <-a => v,
            then;
            Some(v) = <-b => v,
            closed => 98,
            else => 99,
        }
    };
    assert_eq!(now(look()), 99);
    tb.try_send(2).unwrap();
    ta.close();
    assert_eq!(now(look()), 2);
    tb.close();
    assert_eq!(now(look()), 98);
}

#[test]
fn a_tier_may_hold_a_single_arm_or_many() {
    let ends = ready(20);
    let r = |i: usize| &ends[i].1;
    let mut seen = [0; 20];
    for _ in 0..400 {
        let won = now(async {
            select! {
                v = <-r(19), if std::hint::black_box(false) => v,
                then;
                v = <-r(0) => v, v = <-r(1) => v, v = <-r(2) => v, v = <-r(3) => v, v = <-r(4) => v, v = <-r(5) => v,
                v = <-r(6) => v, v = <-r(7) => v, v = <-r(8) => v, v = <-r(9) => v, v = <-r(10) => v, v = <-r(11) => v,
                v = <-r(12) => v, v = <-r(13) => v, v = <-r(14) => v, v = <-r(15) => v, v = <-r(16) => v, v = <-r(17) => v,
                then;
                v = <-r(18) => v,
            }
        })
        .unwrap();
        seen[won] += 1;
        ends[won].0.try_send(won).unwrap();
    }
    assert_eq!(seen[18..], [0, 0]);
    assert!(seen[..18].iter().all(|&n| n > 0), "{seen:?}");
}

#[test]
fn a_seed_replays_the_choices() {
    let ends = ready(3);
    let run = || -> Vec<usize> {
        (0..200)
            .map(|_| {
                let won = now(async {
                    select! { v = <-ends[0].1 => v, v = <-ends[1].1 => v, v = <-ends[2].1 => v }
                })
                .unwrap();
                ends[won].0.try_send(won).unwrap();
                won
            })
            .collect()
    };
    vela::select::seed_fairness(42);
    let first = run();
    vela::select::seed_fairness(42);
    assert_eq!(run(), first);
    vela::select::seed_fairness(43);
    assert_ne!(run(), first);
    vela::select::seed_fairness(0);
    assert_ne!(run(), first, "zero is a seed, too");
}
