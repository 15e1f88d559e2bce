//! Any number of arms.

use vela::prelude::*;

use crate::select::probe::{CAPACITIES, Hand, now, of_capacity, on_each_runtime};

/// A select over the receivers of `$ends` at the given numbers; the result is the number and the value.
macro_rules! receive_any {
    ($ends:ident: $($i:literal)*) => {
        select! { $(v = <-$ends[$i].1 => ($i, v),)* }
    };
}

/// A select over sends of their own number; the result is the number.
macro_rules! send_any {
    ($ends:ident: $($i:literal)*) => {
        select! { $(r = $ends[$i].0 <- $i => { r.unwrap(); $i })* }
    };
}

fn ends(n: usize, capacity: usize) -> Vec<(Sender<usize>, Receiver<usize>)> {
    (0..n).map(|_| of_capacity(capacity)).collect()
}

async fn receive_of_64(ends: &[(Sender<usize>, Receiver<usize>)]) -> (usize, Option<usize>) {
    receive_any!(
        ends:
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58
            59 60 61 62 63
    )
}

async fn receive_of_100(ends: &[(Sender<usize>, Receiver<usize>)]) -> (usize, Option<usize>) {
    receive_any!(
        ends:
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58
            59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86
            87 88 89 90 91 92 93 94 95 96 97 98 99
    )
}

async fn send_of_100(ends: &[(Sender<usize>, Receiver<usize>)]) -> usize {
    send_any!(
        ends:
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58
            59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86
            87 88 89 90 91 92 93 94 95 96 97 98 99
    )
}

#[test]
fn sixty_four_arms_work_ready_and_waiting() {
    for capacity in CAPACITIES {
        let ends = ends(64, capacity);
        for n in 0..64 {
            let mut hand = Hand::waiting(receive_of_64(&ends));
            ends[n].0.try_send(n).unwrap();
            assert_eq!(hand.woken(), (n, Some(n)));
        }
        if capacity > 0 {
            for n in 0..64 {
                ends[n].0.try_send(n).unwrap();
                assert_eq!(now(receive_of_64(&ends)), (n, Some(n)));
            }
        }
    }
}

#[test]
fn a_hundred_arms_work_ready_and_waiting() {
    for capacity in CAPACITIES {
        let ends = ends(100, capacity);
        for n in [0, 1, 15, 16, 17, 31, 32, 63, 64, 98, 99] {
            let mut hand = Hand::waiting(receive_of_100(&ends));
            ends[n].0.try_send(n).unwrap();
            assert_eq!(hand.woken(), (n, Some(n)));
        }
    }
}

#[test]
fn a_hundred_sending_arms_meet_a_hundred_receiving_ones() {
    on_each_runtime(|| async {
        let ends = ends(100, 0);
        let there = ends.clone();
        let task = go! {
            let mut sent = Vec::new();
            for _ in 0..200 {
                sent.push(send_of_100(&there).await);
            }
            sent
        };
        let mut received = Vec::new();
        for _ in 0..200 {
            let (n, v) = receive_of_100(&ends).await;
            assert_eq!(v, Some(n));
            received.push(n);
        }
        assert_eq!(task.await.unwrap(), received);
    });
}

#[test]
fn every_one_of_a_hundred_ready_arms_is_chosen_now_and_then() {
    let ends = ends(100, 1);
    for (n, (tx, _)) in ends.iter().enumerate() {
        tx.try_send(n).unwrap();
    }
    let mut wins = [0_u32; 100];
    for _ in 0..5_000 {
        let (n, _) = now(receive_of_100(&ends));
        wins[n] += 1;
        ends[n].0.try_send(n).unwrap();
    }
    // 50 ± 10 σ of 7.
    assert!(wins.iter().all(|n| (1..=120).contains(n)), "{wins:?}");
}

#[test]
fn two_hundred_locks_are_taken_in_order() {
    // Two selects of a hundred arms over the same channels, in opposite order, each with a future: they mark each other
    // and look under all locks.
    on_each_runtime(|| async {
        let forth = ends(100, 0);
        let back: Vec<_> = forth.iter().rev().cloned().collect();
        let task = go! {
            for _ in 0..100 {
                select! {
                    _ = send_of_100(&back) => {}
                    _ = std::future::pending::<()>() => {}
                }
            }
        };
        for _ in 0..100 {
            let (n, v) = receive_of_100(&forth).await;
            assert_eq!(v, Some(99 - n));
        }
        task.await.unwrap();
    });
}

#[test]
fn selects_nest_many_levels_deep() {
    macro_rules! nested {
        ($rx:ident;) => { 0 };
        ($rx:ident; $head:literal $($tail:literal)*) => {
            select! { Some(n) = <-$rx => n + nested!($rx; $($tail)*), closed => 1_000 }
        };
    }
    let (tx, rx) = unbounded();
    for _ in 0..8 {
        tx.try_send(1).unwrap();
    }
    drop(tx);
    assert_eq!(now(async { nested!(rx; 1 2 3 4 5 6 7 8 9) }), 1_008);
}
