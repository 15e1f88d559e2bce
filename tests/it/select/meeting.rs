//! Selects that meet each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vela::prelude::*;

use super::probe::{CAPACITIES, Hand, of_capacity, on_each_runtime};

#[test]
fn two_selects_that_face_each_other_over_a_rendezvous_channel_meet() {
    let (tx, rx) = channel(0);
    let (idle_tx, idle_rx) = channel::<u8>(0);
    let sending = || async {
        select! { r = tx <- 7 => r.is_ok(), _ = <-idle_rx => false }
    };
    let receiving = || async {
        select! { v = <-rx => v, _ = idle_tx <- 1 => None }
    };

    // The idle channel has them face each other a second time: any of the two meetings will do.
    let mut send = Hand::waiting(sending());
    let got = Hand::new(receiving()).run().expect("the other one is there");
    assert_eq!(send.woken(), got == Some(7), "they met on the same channel");

    let mut receive = Hand::waiting(receiving());
    let sent = Hand::new(sending()).run().expect("the other one is there");
    assert_eq!(receive.woken() == Some(7), sent, "they met on the same channel");
}

#[test]
fn two_selects_meet_ten_thousand_times() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let (_ta, a) = channel::<u32>(0);
        let (_tb, b) = channel::<u32>(0);
        let sender = go! {
            for n in 0..10_000 {
                select! { r = tx <- n => r.unwrap(), _ = <-a => unreachable!() }
            }
        };
        for n in 0..10_000 {
            let got = select! { v = <-rx => v, _ = <-b => unreachable!() };
            assert_eq!(got, Some(n));
        }
        sender.await.unwrap();
    });
}

/// Both hold their word while they poll their futures: they mark each other, and still meet.
#[test]
fn two_selects_with_foreign_futures_meet() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let (_fa, mut a) = tokio::sync::mpsc::channel::<u32>(1);
        let (_fb, mut b) = tokio::sync::mpsc::channel::<u32>(1);
        let sender = go! {
            for n in 0..5_000 {
                select! { r = tx <- n => r.unwrap(), _ = a.recv() => unreachable!() }
            }
        };
        for n in 0..5_000 {
            let got = select! { v = <-rx => v, _ = b.recv() => unreachable!() };
            assert_eq!(got, Some(n));
        }
        sender.await.unwrap();
    });
}

/// Each select meets the other on one of two channels, which both have in opposite order.
#[test]
fn selects_over_two_channels_in_opposite_order_meet() {
    on_each_runtime(|| async {
        let (ta, ra) = channel(0);
        let (tb, rb) = channel(0);
        let peer = go!(clone(ta, tb) {
            let mut sum = 0_u64;
            for n in 0..5_000_u64 {
                select! {
                    r = ta <- n => { r.unwrap(); sum += n; }
                    r = tb <- n => { r.unwrap(); sum += n; }
                }
            }
            sum
        });
        let mut sum = 0;
        for _ in 0..5_000 {
            sum += select! { v = <-rb => v, v = <-ra => v }.unwrap();
        }
        assert_eq!(peer.await.unwrap(), sum);
    });
}

/// Go's `TestSelfSelect`.
#[test]
fn two_tasks_that_send_or_receive_on_one_channel_do_not_receive_their_own_value() {
    on_each_runtime(|| async {
        for capacity in [0, 1, 10] {
            let (tx, rx) = channel(capacity);
            let tasks: Vec<_> = (0..2)
                .map(|me| {
                    go!(clone(tx, rx) {
                        for round in 0..2_000 {
                            let got = if me == 0 || round % 2 == 0 {
                                select! { r = tx <- me => { r.unwrap(); None } v = <-rx => v }
                            } else {
                                select! { v = <-rx => v, r = tx <- me => { r.unwrap(); None } }
                            };
                            assert!(capacity > 0 || got != Some(me), "task {me} has received its own value");
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
}

#[test]
fn many_tasks_that_send_or_receive_on_one_channel_pair_off() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let balance = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                go!(clone(tx, rx, balance) {
                    for _ in 0..1_000 {
                        select! {
                            r = tx <- 1 => { r.unwrap(); balance.fetch_add(1, Ordering::Relaxed); }
                            v = <-rx => { v.unwrap(); balance.fetch_sub(1, Ordering::Relaxed); }
                        }
                    }
                })
            })
            .collect();
        // The last one may be left without a partner: somebody takes part until all are done.
        for task in tasks {
            loop {
                select! {
                    r = <-task => { r.unwrap(); break; }
                    r = tx <- 1 => { r.unwrap(); balance.fetch_add(1, Ordering::Relaxed); }
                    v = <-rx => { v.unwrap(); balance.fetch_sub(1, Ordering::Relaxed); }
                }
            }
        }
        assert_eq!(balance.load(Ordering::Relaxed), 0, "each send was one receive");
    });
}

/// Go's `TestSelectStress`: 100,000 messages.
#[test]
fn ten_tasks_over_channels_of_capacity_0_0_2_3_do_not_deadlock() {
    const EACH: usize = 12_500;
    on_each_runtime(|| async {
        let ends: [(Sender<usize>, Receiver<usize>); 4] = [0, 0, 2, 3].map(channel);
        let mut tasks = Vec::new();
        for (tx, rx) in ends.clone() {
            tasks.push(go!({
                let mut sum = 0;
                for n in 0..EACH {
                    select! { r = tx <- n => r.unwrap() }
                    sum += n;
                }
                (sum, 0)
            }));
            tasks.push(go!({
                let mut sum = 0;
                for _ in 0..EACH {
                    sum += select! { v = <-rx => v.unwrap() };
                }
                (0, sum)
            }));
        }
        let [s0, s1, s2, s3] = ends.each_ref().map(|(tx, _)| Some(tx.clone()));
        tasks.push(go! {
            let (mut s0, mut s1, mut s2, mut s3) = (s0, s1, s2, s3);
            let (mut n0, mut n1, mut n2, mut n3, mut sum) = (0, 0, 0, 0, 0);
            for n in 0..4 * EACH {
                select! {
                    r = s3 <- n => { r.unwrap(); n3 += 1; if n3 == EACH { s3 = None } }
                    r = s2 <- n => { r.unwrap(); n2 += 1; if n2 == EACH { s2 = None } }
                    r = s0 <- n => { r.unwrap(); n0 += 1; if n0 == EACH { s0 = None } }
                    r = s1 <- n => { r.unwrap(); n1 += 1; if n1 == EACH { s1 = None } }
                }
                sum += n;
            }
            (sum, 0)
        });
        let [r0, r1, r2, r3] = ends.each_ref().map(|(_, rx)| Some(rx.clone()));
        tasks.push(go! {
            let (mut r0, mut r1, mut r2, mut r3) = (r0, r1, r2, r3);
            let (mut n0, mut n1, mut n2, mut n3, mut sum) = (0, 0, 0, 0, 0);
            for _ in 0..4 * EACH {
                sum += select! {
                    v = <-r0 => { n0 += 1; if n0 == EACH { r0 = None } v }
                    v = <-r1 => { n1 += 1; if n1 == EACH { r1 = None } v }
                    v = <-r2 => { n2 += 1; if n2 == EACH { r2 = None } v }
                    v = <-r3 => { n3 += 1; if n3 == EACH { r3 = None } v }
                }
                .unwrap();
            }
            (0, sum)
        });
        let (mut sent, mut received) = (0, 0);
        for task in tasks {
            let (out, back) = task.await.unwrap();
            sent += out;
            received += back;
        }
        assert_eq!(sent, received);
    });
}

/// The same mesh, with foreign futures in the selects, so that their words are held now and then.
#[test]
fn a_mesh_with_foreign_futures_does_not_deadlock() {
    const EACH: usize = 2_000;
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let ends: [(Sender<usize>, Receiver<usize>); 3] = std::array::from_fn(|_| of_capacity(capacity));
            let [s0, s1, s2] = ends.each_ref().map(|(tx, _)| tx.clone());
            let [r0, r1, r2] = ends.each_ref().map(|(_, rx)| rx.clone());
            let senders: Vec<_> = (0..3)
                .map(|_| {
                    go!(clone(s0, s1, s2) {
                        for n in 0..EACH {
                            select! {
                                r = s0 <- n => r.unwrap(),
                                r = s1 <- n => r.unwrap(),
                                r = s2 <- n => r.unwrap(),
                                _ = std::future::pending::<()>() => unreachable!(),
                            }
                            if n % 16 == 0 { tokio::task::yield_now().await; }
                        }
                    })
                })
                .collect();
            let receivers: Vec<_> = (0..3)
                .map(|_| {
                    go!(clone(r0, r1, r2) {
                        let (tick, mut ticks) = tokio::sync::mpsc::unbounded_channel();
                        let (mut sum, mut count) = (0, 0);
                        while count < EACH {
                            select! {
                                v = <-r0 => { sum += v.unwrap(); count += 1; }
                                v = <-r1 => { sum += v.unwrap(); count += 1; }
                                v = <-r2 => { sum += v.unwrap(); count += 1; }
                                _ = ticks.recv() => {}
                            }
                            if count % 3 == 0 { tick.send(()).unwrap(); }
                        }
                        sum
                    })
                })
                .collect();
            for task in senders {
                task.await.unwrap();
            }
            let mut sum = 0;
            for task in receivers {
                sum += task.await.unwrap();
            }
            assert_eq!(sum, 3 * (0..EACH).sum::<usize>());
        }
    });
}
