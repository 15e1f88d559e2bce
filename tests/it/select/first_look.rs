//! Arms that name their operand: the first look goes to the operand itself, and nobody can tell.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as Cx, Poll};

use futures_util::Stream;
use vela::prelude::*;
use vela::select::Polled;

use super::probe::{Log, now, on_each_runtime};

fn full(value: u32) -> (Sender<u32>, Receiver<u32>) {
    let (tx, rx) = channel(1);
    tx.try_send(value).unwrap();
    (tx, rx)
}

/// Is asked at most once a select, and says so.
struct Noting<'a>(&'a Log, &'static str);

impl Receive for &Noting<'_> {
    type Output = u32;
    type Case = Polled<std::future::Pending<u32>>;

    fn receive(self) -> Self::Case {
        self.0.note(self.1, ());
        Polled::new(std::future::pending())
    }
}

/// A stream of what is in it, at once.
struct Items(VecDeque<u32>);

impl Stream for Items {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<Option<u32>> {
        Poll::Ready(self.0.pop_front())
    }
}

#[test]
fn every_operand_that_stands_for_a_channel_gives_its_value() {
    macro_rules! gives {
        ($name:ident => $($operand:tt)+) => {{
            let (tx, $name) = full(1);
            let (_keep, other) = channel::<u32>(1);
            #[allow(unused_mut)]
            let mut source = $($operand)+;
            for round in 0..4 {
                let got = now(async { select! { v = <-source => v, v = <-other => v } });
                assert_eq!(got, Some(1), "{}: {round}", stringify!($($operand)+));
                let got = now(async { select! { Some(v) = <-source => v, closed => 7, else => 8 } });
                assert_eq!(got, 8, "{}", stringify!($($operand)+));
                tx.try_send(1).unwrap();
            }
        }};
    }
    gives!(rx => rx);
    gives!(rx => &rx);
    gives!(rx => &&rx);
    gives!(rx => &mut { rx });
    gives!(rx => Box::new(rx));
    gives!(rx => Rc::new(rx));
    gives!(rx => Arc::new(rx));
    gives!(rx => Some(rx));
    gives!(rx => &Some(rx));
    gives!(rx => Box::new(Some(rx)));
}

#[test]
fn a_handle_of_both_ends_is_looked_at_too() {
    let both = vela::Channel::new(2);
    both.sender().try_send(5).unwrap();
    let (_tx, other) = channel::<u32>(1);
    assert_eq!(
        now(async {
            select! { v = <-both => v, v = <-other => v }
        }),
        Some(5)
    );
}

#[test]
fn ready_variables_are_equally_likely_beside_dead_silent_and_guarded_ones() {
    on_each_runtime(|| async {
        let (tx, rx): (Vec<_>, Vec<_>) = (0..4).map(full).unzip();
        let [a, b, c, d] = &rx[..] else { unreachable!() };
        let (_silent, silent) = channel::<u32>(1);
        let (_, dead1) = channel::<u32>(1);
        let (_, dead2) = channel::<u32>(1);
        let (_off, off) = full(9);
        let nil: Option<Receiver<u32>> = None;
        let no = false;
        let mut counts = [[0_u32; 4]; 2];
        for _ in 0..8_000 {
            let won = select! {
                Some(v) = <-dead1 => v,
                Some(v) = <-a => v,
                Some(v) = <-silent => v,
                Some(v) = <-b => v,
                Some(v) = <-off, if no => v,
                Some(v) = <-nil => v,
                Some(v) = <-c => v,
                Some(v) = <-dead2 => v,
                Some(v) = <-d => v,
                closed => unreachable!(),
            };
            counts[0][won as usize] += 1;
            tx[won as usize].try_send(won).unwrap();
            // Without draws.
            let won =
                select! { Some(v) = <-dead1 => v, Some(v) = <-a => v, Some(v) = <-b => v, closed => unreachable!() };
            counts[1][won as usize] += 1;
            tx[won as usize].try_send(won).unwrap();
        }
        // χ² of 3 degrees of freedom, and of 1: above 40 about once in 10^8 and 10^9 runs.
        let chi = |counts: &[u32], expected: f64| -> f64 {
            counts.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum()
        };
        assert!(chi(&counts[0], 2_000.0) < 40.0, "{counts:?}");
        assert!(chi(&counts[1][..2], 4_000.0) < 40.0, "{counts:?}");
    });
}

#[test]
fn a_stream_among_ready_channels_has_its_share() {
    on_each_runtime(|| async {
        let (tx, rx): (Vec<_>, Vec<_>) = (0..4).map(full).unzip();
        let [a, b, c, d] = &rx[..] else { unreachable!() };
        let mut items = Items(std::iter::repeat_n(4, 10_000).collect());
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            let won = select! {
                Some(v) = <-a => v,
                Some(v) = <-b => v,
                Some(v) = <-items => v,
                Some(v) = <-c => v,
                Some(v) = <-d => v,
                closed => unreachable!(),
            };
            counts[won as usize] += 1;
            if won < 4 {
                tx[won as usize].try_send(won).unwrap();
            }
        }
        assert!(counts.iter().all(|n| (1_600..=2_400).contains(n)), "{counts:?}");
    });
}

#[test]
fn biased_and_tiers_hold_for_variables() {
    on_each_runtime(|| async {
        for _ in 0..50 {
            let (_ta, a) = full(0);
            let (_tb, b) = full(1);
            let (_tc, c) = full(2);
            let (_, dead) = channel::<u32>(1);
            let dead = &dead;
            let mut order = Vec::new();
            for _ in 0..3 {
                select! {
                    biased;
                    Some(v) = <-dead => order.push(v),
                    Some(v) = <-c => order.push(v),
                    Some(v) = <-a => order.push(v),
                    Some(v) = <-b => order.push(v),
                    closed => unreachable!(),
                }
            }
            assert_eq!(order, [2, 0, 1]);
            let (_ta, a) = full(0);
            let (_tb, b) = full(1);
            let first = select! {
                Some(v) = <-dead => v,
                then;
                Some(v) = <-b => v,
                then;
                Some(v) = <-a => v,
                closed => unreachable!(),
            };
            assert_eq!(first, 1);
        }
    });
}

#[test]
fn what_a_source_does_when_it_is_asked_keeps_its_place() {
    let log = Log::default();
    let (first, second, third) = (Noting(&log, "first"), Noting(&log, "second"), Noting(&log, "third"));
    let (tx, rx) = full(0);
    let yes = true;
    // All are variables: asked in their order.
    now(async {
        select! { _ = <-first => {} _ = <-second, if yes => {} _ = <-third => {} else => {} }
    });
    assert_eq!(log.take(), ["first", "second", "third"]);
    // Behind them something is evaluated that shows when.
    now(async {
        select! {
            _ = <-first => {}
            _ = <-second, if log.note("guard", true) => {}
            _ = log.note("sink", &tx) <- log.note("value", 1) => {}
            _ = <-third => {}
            else => {}
        }
    });
    assert_eq!(log.take(), ["first", "guard", "second", "sink", "value", "third"]);
    now(async {
        select! { _ = <-first => {} _ = <-log.note("operand", &second) => {} else => {} }
    });
    assert_eq!(log.take(), ["first", "operand", "second"]);
    drop(rx);
}

#[test]
fn an_operand_is_what_it_was_in_its_turn() {
    let (_ta, a) = full(1);
    let (_tb, b) = full(2);
    let (_tc, silent) = channel::<u32>(1);
    for _ in 0..2 {
        let mut source = &a;
        let got = now(async {
            select! {
                v = <-source => v,
                v = <-({ source = &b; &silent }) => v,
                else => None,
            }
        });
        let left = source.try_recv().ok();
        assert_eq!((got, left), (Some(1), Some(2)));
        assert!(_ta.try_send(1).is_ok() && _tb.try_send(2).is_ok());
    }
}

/// By value: such an operand is moved, and there is no looking at it twice.
#[test]
fn an_operand_that_is_moved_is_moved_once() {
    fn race<R: Receive<Output = Option<u32>>>(one: R, other: &Receiver<u32>) -> Option<u32> {
        now(async {
            select! { v = <-one => v, v = <-other => v }
        })
    }
    struct Owned(Box<u32>);
    impl Receive for Owned {
        type Output = Option<u32>;
        type Case = Polled<std::future::Ready<Option<u32>>>;

        fn receive(self) -> Self::Case {
            Polled::new(std::future::ready(Some(*self.0)))
        }
    }
    let (_tx, silent) = channel(1);
    assert_eq!(race(Owned(Box::new(3)), &silent), Some(3));
    let (_tx, rx) = full(4);
    assert_eq!(race(&rx, &silent), Some(4));
    assert_eq!(race(&mut Items([5].into()), &silent), Some(5));
}

#[test]
fn bodies_may_move_change_and_shadow_the_operand() {
    let (tx, rx) = full(1);
    let (_tb, other) = channel::<u32>(1);
    let moved = now(async {
        select! {
            rx = <-rx => rx,
            v = <-other => { drop(other); v }
        }
    });
    assert_eq!(moved, Some(1));
    tx.try_send(2).unwrap();
    let mut handle = Some(rx);
    let mut items = Items([3].into());
    let mut got = Vec::new();
    now(async {
        for _ in 0..2 {
            select! {
                biased;
                Some(v) = <-handle => {
                    handle = None;
                    got.push(v);
                }
                Some(v) = <-items => {
                    items.0.push_back(v);
                    got.push(v);
                }
                closed => unreachable!(),
            }
        }
    });
    assert_eq!((got, handle.is_none(), items.0.len()), (vec![2, 3], true, 1));
    assert!(tx.is_closed());
}

#[test]
fn a_handle_that_may_be_there_may_be_of_any_kind() {
    on_each_runtime(|| async {
        let (jobs_in, jobs) = channel(2);
        jobs_in.try_send(20).unwrap();
        drop(jobs_in);
        let mut running: Option<Task<i32>> = None;
        let mut done = Vec::new();
        loop {
            let idle = running.is_none();
            select! {
                outcome = <-running => {
                    running = None;
                    done.push(outcome.unwrap());
                }
                Some(job) = <-jobs, if idle => running = Some(go!({ job + 1 })),
                closed => break,
            }
        }
        assert_eq!(done, [21]);
    });
}
