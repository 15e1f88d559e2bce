//! `for pattern in <-source`.

use std::cell::Cell;

use vela::prelude::*;

use crate::select::probe::{CAPACITIES, Hand, Log, now, of_capacity, on_each_runtime, with_paused_clock};

#[test]
fn a_for_loop_receives_until_the_channel_is_closed_and_drained() {
    for capacity in CAPACITIES {
        on_each_runtime(|| async move {
            let (tx, rx) = of_capacity(capacity);
            go! { for n in 0..100 { tx <- n else { return }; } };
            let mut all = Vec::new();
            vela! { for n in <-rx { all.push(n); } }
            assert_eq!(all, (0..100).collect::<Vec<_>>());
            assert!(rx.is_closed(), "a place operand is borrowed");
        });
    }
}

#[test]
fn a_for_loop_over_a_closed_channel_does_not_run() {
    let (tx, rx) = channel::<u8>(0);
    drop(tx);
    now(async {
        vela! { for _ in <-rx { unreachable!(); } }
    });
}

#[test]
fn a_place_operand_is_borrowed_round_by_round() {
    let (tx, first) = unbounded();
    let (ty, second) = unbounded();
    for n in 0..3 {
        tx.try_send(n).unwrap();
        ty.try_send(10 + n).unwrap();
    }
    drop((tx, ty));
    let got = now(async {
        let mut all = Vec::new();
        let mut rx = first.clone();
        vela! {
            for n in <-rx {
                all.push(n);
                // The next round receives from whatever is there by then.
                if n == 1 { rx = second.clone(); }
            }
        }
        all
    });
    assert_eq!(got, [0, 1, 10, 11, 12]);
}

#[test]
fn a_value_operand_is_evaluated_once() {
    let (tx, rx) = unbounded();
    for n in 0..5 {
        tx.try_send(n).unwrap();
    }
    drop(tx);
    let calls = Cell::new(0);
    let sum = now(async {
        let source = || {
            calls.set(calls.get() + 1);
            rx.clone()
        };
        let mut sum = 0;
        vela! { for n in <-source() { sum += n; } }
        sum
    });
    assert_eq!((sum, calls.get()), (10, 1));
}

#[test]
fn a_value_operand_lives_as_long_as_the_loop() {
    let log = Log::default();
    let make = || {
        let (tx, rx) = unbounded();
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        (rx, log.guard("operand dropped"), tx)
    };
    now(async {
        vela! {
            for n in <-make().0 {
                log.note(if n == 1 { "first" } else { "second" }, ());
                if n == 2 { break; }
            }
        }
        log.note("after", ());
    });
    assert_eq!(log.take(), ["first", "second", "operand dropped", "after"]);
}

#[test]
fn patterns_of_for_loops_destructure() {
    struct Job {
        id: u32,
        words: [&'static str; 2],
    }
    let (tx, rx) = unbounded();
    tx.try_send((1, Job { id: 2, words: ["a", "b"] })).ok();
    tx.try_send((3, Job { id: 4, words: ["c", "d"] })).ok();
    drop(tx);
    let mut all = Vec::new();
    now(async {
        vela! { for (n, Job { id, words: [_, mut last] }) in <-rx { if n == 3 { last = "e"; } all.push((n, id, last)); } }
    });
    assert_eq!(all, [(1, 2, "b"), (3, 4, "e")]);
}

#[test]
fn labels_break_and_continue_reach_the_loop() {
    let (tx, rx) = unbounded();
    for n in 0..20 {
        tx.try_send(n).unwrap();
    }
    let mut all = Vec::new();
    now(async {
        vela! {
            'outer: for n in <-rx {
                if n % 2 == 0 { continue; }
                for m in 0..3 {
                    if n == 5 { continue 'outer; }
                    if n == 11 { break 'outer; }
                    if m == 1 { break; }
                    all.push(n);
                }
            }
        }
    });
    assert_eq!(all, [1, 3, 7, 9]);
    assert_eq!(rx.try_recv(), Ok(12), "what was not received is still there");
}

#[test]
fn loops_nest_and_hold_other_arrows() {
    let (tx, jobs) = unbounded();
    let (out, results) = unbounded();
    for n in 1..4_u32 {
        let (feed, part) = unbounded();
        for m in 0..n {
            feed.try_send(n * 10 + m).unwrap();
        }
        tx.try_send(part).unwrap();
    }
    drop(tx);
    now(async {
        vela! { for part in <-jobs { for n in <-part { out <- n else { return }; } } }
    });
    assert_eq!(results.drain().collect::<Vec<_>>(), [10, 20, 21, 30, 31, 32]);
}

#[test]
fn every_source_that_ends_serves_a_for_loop() {
    with_paused_clock(async {
        let mut seen = Vec::new();
        let (tx, once) = vela::oneshot::channel();
        tx.send(1).ok();
        vela! { for n in <-once { seen.push(n); } }

        let (tx, all) = vela::broadcast::channel(4);
        tx.send(2).ok();
        drop(tx);
        vela! { for n in <-all { seen.push(n.unwrap()); } }

        let (tx, newest) = vela::watch::channel(0);
        tx.send(3).ok();
        drop(tx);
        vela! { for n in <-newest { seen.push(n); } }

        let mut stream = futures_util::stream::iter([4, 5]);
        vela! { for n in <-stream { seen.push(n); } }

        let ticker = tick(ms(5));
        let start = vela::time::Instant::now();
        vela! { for at in <-ticker { seen.push(at.duration_since(start).as_millis() as i32 + 1); if seen.len() == 7 { ticker.stop(); } } }

        let (tx, rx) = channel(1);
        tx.try_send(8).unwrap();
        drop(tx);
        let maybe = Some(rx);
        vela! { for n in <-maybe { seen.push(n); } }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 11, 8]);
    });
}

#[test]
fn a_for_loop_that_is_dropped_loses_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut hand = Hand::waiting(async {
            vela! { for n in <-rx { assert_eq!(n, 1); } }
        });
        tx.try_send(1).unwrap();
        assert!(hand.poll().is_pending());
        tx.try_send(2).unwrap();
        drop(hand);
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

#[test]
fn an_ordinary_for_loop_stays_one() {
    let rx = {
        let (tx, rx) = unbounded();
        tx.try_send(vec![1, 2, 3]).unwrap();
        rx
    };
    let sum = now(async {
        let mut sum = 0;
        vela! {
            for n in (<-rx).unwrap() { sum += n; }
            for n in 0..3 { sum += n; }
            for n in [10, -1] { sum += n; }
        }
        sum
    });
    assert_eq!(sum, 18);
}

#[vela::test]
async fn a_loop_takes_a_struct_apart() {
    struct Pair {
        left: u32,
        right: u32,
    }
    enum Either {
        Left { n: u32 },
        Right { n: u32 },
    }
    let (tx, rx) = vela::channel(2);
    let (either, eithers) = vela::channel(2);
    vela! {
        tx <- (Pair { left: 1, right: 2 }) else { panic!() };
        tx <- (Pair { left: 3, right: 4 }) else { panic!() };
        either <- (Either::Left { n: 5 }) else { panic!() };
        either <- (Either::Right { n: 6 }) else { panic!() };
        drop((tx, either));
        let mut sum = 0;
        for Pair { left, right } in <-rx {
            sum += left * right;
        }
        for Either::Left { n } | Either::Right { n } in <-eithers {
            sum += n;
        }
        assert_eq!(sum, 2 + 12 + 11);
    }
}
