//! `select!`, `any`, `SelectSet` and the builder: exactly one arm, one instant, fair, and nobody sleeps for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::prelude::*;
use vela::sim::Faults;
use vela::{Select, SelectSet};

use super::tally::{Inbox, Tally};
use super::ways::{ALL, every, every_way, join, of_capacity, some};

/// One takes from `a` and from `b`, the other puts into both; neither says which first.
#[test]
fn two_selects_that_meet_on_two_channels() {
    for capacity in [0, 1] {
        let body = || async move {
            let tally = Tally::default();
            let (atx, arx) = of_capacity(capacity);
            let (btx, brx) = of_capacity(capacity);
            let putter = go!(clone(tally) {
                let may_lose = tally.may_lose(2);
                for _ in 0..2 {
                    let (a, b) = (tally.value(0), tally.value(1));
                    select! {
                        atx <- a => {}
                        btx <- b => {}
                        closed => {}
                    }
                }
                may_lose.lost_nothing();
            });
            let inbox = Inbox::default();
            let mut got = 0;
            loop {
                select! {
                    Some(v) = <-arx => { inbox.take(v); got += 1 }
                    Some(v) = <-brx => { inbox.take(v); got += 1 }
                    closed => break,
                }
            }
            if join(putter).await.is_some() {
                assert_eq!(got, 2);
            }
            // Of each pair one is sent, and the other one is dropped with its arm.
            tally.settled_with(2);
        };
        every_way(body);
    }
}

/// Four selects, each of which sends on one channel and receives from the next: a ring, in which everybody waits for all.
#[test]
fn a_ring_of_selects_comes_to_its_end() {
    let body = || async {
        let ends: Vec<_> = (0..3).map(|_| channel::<usize>(0)).collect();
        let moved = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|n| {
                let tx = ends[n].0.clone();
                let rx = ends[(n + 1) % 3].1.clone();
                go!(clone(moved) {
                    let (mut sent, mut received) = (0, 0);
                    while sent < 2 || received < 2 {
                        select! {
                            tx <- n, if sent < 2 => { sent += 1; moved.fetch_add(1, Ordering::Relaxed); }
                            Some(_) = <-rx, if received < 2 => received += 1,
                            closed => unreachable!("the body holds the ends"),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            vela!((<-task).unwrap());
        }
        assert_eq!(moved.load(Ordering::Relaxed), 6);
    };
    some(3_000, Faults::none().spurious().delay(), body);
}

/// A value is always in one of the two; a look that finds neither has not looked at one instant.
#[test]
fn or_else_only_if_nothing_was_ready() {
    every_way(|| async {
        let (atx, arx) = channel(1);
        let (btx, brx) = channel(1);
        btx.try_send(7).unwrap();
        let mover = go!(clone(arx, brx, atx, btx) {
            for _ in 0..2 {
                if let Ok(v) = brx.try_recv() { atx.try_send(v).unwrap(); }
                vela::task::yield_now().await;
                if let Ok(v) = arx.try_recv() { btx.try_send(v).unwrap(); }
                vela::task::yield_now().await;
            }
        });
        let found = select! {
            v = <-arx => v,
            v = <-brx => v,
            else => None,
        };
        assert_eq!(found, Some(7));
        let found = Select::new().recv(&arx, Some).recv(&brx, Some).or_else(|| None).wait().await.unwrap();
        assert_eq!(found, None, "it was taken");
        join(mover).await;
    });
}

/// `else` of a send: a place that moves from one channel to the other.
#[test]
fn or_else_of_sends_only_if_both_are_full() {
    every_way(|| async {
        let (atx, arx) = channel(1);
        let (btx, brx) = channel(1);
        atx.try_send(1).unwrap();
        let mover = go!(clone(arx, brx, atx, btx) {
            for _ in 0..2 {
                if btx.try_send(1).is_ok() { arx.try_recv().unwrap(); }
                vela::task::yield_now().await;
                if atx.try_send(1).is_ok() { brx.try_recv().unwrap(); }
                vela::task::yield_now().await;
            }
        });
        let sent = select! { atx <- 2 => true, btx <- 2 => true, else => false };
        assert!(sent);
        join(mover).await;
    });
}

/// An exhaustive search draws each arm that is ready equally often.
#[test]
fn each_ready_arm_is_chosen_equally_often() {
    let chosen: [AtomicUsize; 3] = Default::default();
    let body = || async {
        let ends: Vec<_> = (0..3).map(|_| channel(1)).collect();
        ends.iter().for_each(|(tx, _)| tx.try_send(()).unwrap());
        let won = select! {
            <-ends[0].1 => 0,
            <-ends[1].1 => 1,
            <-ends[2].1 => 2,
        };
        chosen[won].fetch_add(1, Ordering::Relaxed);
    };
    let passed = every(0, Faults::none(), body);
    let counts: Vec<_> = chosen.iter().map(|n| n.load(Ordering::Relaxed) as u64).collect();
    assert!(counts.iter().all(|&n| n * 3 == passed.schedules), "{counts:?} of {}", passed.schedules);
}

/// Over random schedules each arm comes up within a bound; of a biased select only the first.
#[test]
fn each_ready_arm_is_chosen_often_enough() {
    let fair: [AtomicUsize; 4] = Default::default();
    let (any_of, set_of): ([AtomicUsize; 4], [AtomicUsize; 4]) = Default::default();
    let body = || async {
        let full = || {
            let (tx, rx) = channel(1);
            tx.try_send(()).unwrap();
            rx
        };
        let mut rxs: Vec<_> = (0..4).map(|_| full()).collect();
        let (i, _) = vela!(<-any(&mut rxs));
        any_of[i].fetch_add(1, Ordering::Relaxed);
        let mut set = SelectSet::new();
        (0..4).for_each(|_| _ = set.insert(full()));
        set_of[set.recv().await.0].fetch_add(1, Ordering::Relaxed);
        let rxs: Vec<_> = (0..4).map(|_| full()).collect();
        let won = select! { <-rxs[0] => 0, <-rxs[1] => 1, <-rxs[2] => 2, <-rxs[3] => 3 };
        fair[won].fetch_add(1, Ordering::Relaxed);
        let rxs: Vec<_> = (0..2).map(|_| full()).collect();
        assert!(select! { biased; <-rxs[0] => true, <-rxs[1] => false });
    };
    some(2_000, Faults::none(), body);
    for counts in [fair, any_of, set_of] {
        // 500 expected each; the standard deviation is 19.
        let counts = counts.map(AtomicUsize::into_inner);
        assert!(counts.iter().all(|n| (400..600).contains(n)), "{counts:?}");
    }
}

/// Arms of every kind in one select, in a loop, all through.
#[test]
fn arms_of_every_kind() {
    let body = || async {
        let (tx, rx) = channel::<u32>(0);
        let (out, results) = channel::<u32>(1);
        let (stop, stopped) = vela::oneshot::channel::<()>();
        let ctx = Context::background();
        let feeder = go!({
            for n in 0..2 { tx <- n else { break }; }
        });
        let sink = go!({ let mut n = 0; for _ in <-results { n += 1; } n });
        let stopper = go!(clone(ctx) { sleep(secs(10)).await; stop.send(()).ok(); ctx.cancel(); });
        let (mut received, mut sent, mut open) = (0, 0, true);
        let mut inputs: Vec<Receiver<u32>> = vec![];
        let mut pending = 5;
        loop {
            select! {
                Some(n) = <-rx, if open => { received += 1; assert!(n < 2) }
                out <- mut pending, if sent < 2 => { sent += 1; pending = 6 }
                (_, _) = <-any(&mut inputs) => unreachable!("an empty set"),
                _ = <-after(secs(3600)) => break,
                _ = <-stopped => break,
                _ = <-ctx.done() => break,
                () = sleep(secs(9)), if !open => {}
                closed => break,
            }
            open = received < 2;
        }
        drop((out, rx));
        assert!(sent <= 2 && received <= 2 && pending >= 5);
        join(feeder).await;
        join(stopper).await;
        assert!(join(sink).await.is_none_or(|n| n == sent));
    };
    some(1_000, ALL, body);
    some(2_000, Faults::none().cancel(1), body);
}

/// A select that is dropped leaves nothing behind in any of its arms.
#[test]
fn a_cancelled_select_swallows_no_wake() {
    for capacity in [0, 1, 2] {
        let body = || async move {
            let tally = Tally::default();
            let (atx, arx) = of_capacity(capacity);
            let (btx, brx) = of_capacity(capacity);
            let inbox = Inbox::default();
            let loser = go!(clone(arx, brx, inbox) {
                select! {
                    Some(v) = <-arx => inbox.take(v),
                    Some(v) = <-brx => inbox.take(v),
                    closed => {}
                }
            });
            let sender = go!(clone(tally) {
                let mut keep = tally.keep(0);
                atx.send_from(&mut keep.0).await.ok();
                let mut keep = tally.keep(1);
                btx.send_from(&mut keep.0).await.ok();
            });
            loser.cancel();
            loop {
                select! {
                    Some(v) = <-brx => inbox.take(v),
                    Some(v) = <-arx => inbox.take(v),
                    closed => break,
                }
            }
            join(loser).await;
            if join(sender).await.is_some() {
                assert_eq!(tally.received(), 2);
            }
            tally.settled();
        };
        every(1, Faults::none().spurious(), body);
        every(1, Faults::none().cancel(1), body);
    }
}
