//! `else` runs only if at some one instant no arm was ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use vela::Select;
use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, of_capacity, on_each_runtime, on_many_threads};

/// Moves a token to and fro: it is in the other channel before it leaves the one. Whoever takes it gives it back.
fn mover(ends: [(Sender<()>, Receiver<()>); 2], stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    ends[0].0.try_send(()).unwrap();
    std::thread::spawn(move || {
        let mut at = 0;
        while !stop.load(Ordering::Relaxed) {
            ends[1 - at].0.try_send(()).unwrap();
            while ends[at].1.try_recv().is_err() {
                std::hint::spin_loop();
            }
            at = 1 - at;
        }
    })
}

#[test]
fn a_value_that_moves_between_two_channels_is_never_missed() {
    for capacity in [7, usize::MAX] {
        on_each_runtime(|| async {
            let ends = [of_capacity(capacity), of_capacity(capacity)];
            let stop = Arc::new(AtomicBool::new(false));
            let thread = mover(ends.clone(), Arc::clone(&stop));
            let [(ta, a), (tb, b)] = ends;
            let mut missed = 0;
            for _ in 0..200_000 {
                select! {
                    _ = <-a => ta.try_send(()).unwrap(),
                    _ = <-b => tb.try_send(()).unwrap(),
                    else => missed += 1,
                }
            }
            stop.store(true, Ordering::Relaxed);
            thread.join().unwrap();
            assert_eq!(missed, 0);
        });
    }
}

#[test]
fn a_moving_value_is_never_missed_by_any_in_order_or_by_the_builder() {
    on_many_threads(|| async {
        let ends = [of_capacity(7), of_capacity(7)];
        let stop = Arc::new(AtomicBool::new(false));
        let thread = mover(ends.clone(), Arc::clone(&stop));
        let [(ta, a), (tb, b)] = ends;
        let mut both = [a.clone(), b.clone()];
        let mut missed = 0;
        for round in 0..60_000 {
            let won = match round % 3 {
                0 => select! { biased; _ = <-a => Some(0), _ = <-b => Some(1), else => None },
                1 => select! { (i, _) = <-any(&mut both) => Some(i), else => None },
                _ => Select::new().recv(&a, |()| Some(0)).recv(&b, |()| Some(1)).or_else(|| None).wait().await.unwrap(),
            };
            match won {
                Some(0) => ta.try_send(()).unwrap(),
                Some(_) => tb.try_send(()).unwrap(),
                None => missed += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        assert_eq!(missed, 0);
    });
}

/// Room that moves from one channel to another, for send arms.
#[test]
fn room_that_moves_between_two_channels_is_never_missed() {
    on_many_threads(|| async {
        // Full but for one place, which the thread moves.
        let ends: [(Sender<()>, Receiver<()>); 2] = [channel(2), channel(2)];
        for (tx, _) in &ends {
            tx.try_send(()).unwrap();
            tx.try_send(()).unwrap();
        }
        ends[0].1.try_recv().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (ends, stop) = (ends.clone(), Arc::clone(&stop));
            move || {
                let mut at = 0;
                while !stop.load(Ordering::Relaxed) {
                    while ends[1 - at].1.try_recv().is_err() {
                        std::hint::spin_loop();
                    }
                    while ends[at].0.try_send(()).is_err() {
                        std::hint::spin_loop();
                    }
                    at = 1 - at;
                }
            }
        });
        let [(ta, a), (tb, b)] = ends;
        let mut missed = 0;
        for _ in 0..100_000 {
            select! {
                ta <- () => { while a.try_recv().is_err() { std::hint::spin_loop(); } }
                tb <- () => { while b.try_recv().is_err() { std::hint::spin_loop(); } }
                else => missed += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        assert_eq!(missed, 0);
    });
}

/// Go's `TestNonblockSelectRace`: the first channel is ready until the second is.
#[test]
fn one_of_two_channels_always_ready_never_takes_else() {
    on_each_runtime(|| async {
        let (report, reports) = channel(1);
        for _ in 0..100_000 {
            let (ta, a) = channel(1);
            let (tb, b) = channel(1);
            ta.try_send(1).unwrap();
            let task = go!(clone(a, report) {
                let found = select! {
                    _ = <-a => true,
                    _ = <-b => true,
                    else => false,
                };
                report <- found else { return };
            });
            let _open = tb.try_send(1);
            let _ = a.try_recv();
            assert_eq!(vela!(<-reports), Some(true), "one of the two was always ready");
            drop((task, ta));
        }
    });
}

/// Go's `TestNonblockSelectRace2`: the close takes the value's place.
#[test]
fn a_value_or_the_close_is_always_there_and_never_takes_else() {
    on_many_threads(|| async {
        let (report, reports) = channel(1);
        for _ in 0..20_000 {
            let (ta, a) = channel::<u8>(1);
            let (tb, b) = channel::<u8>(1);
            ta.try_send(1).unwrap();
            let task = go!(clone(a, report) {
                let found = select! {
                    _ = <-a => true,
                    _ = <-b => true,
                    else => false,
                };
                report <- found else { return };
            });
            drop(tb);
            let _ = a.try_recv();
            assert_eq!(vela!(<-reports), Some(true), "one of the two was always ready");
            drop((task, ta));
        }
    });
}

#[test]
fn a_value_and_a_concurrent_close_never_take_else() {
    for capacity in BUFFERED {
        let start = Arc::new(Barrier::new(2));
        let (hand_over, closes) = std::sync::mpsc::sync_channel::<Sender<u32>>(1);
        let closer = std::thread::spawn({
            let start = Arc::clone(&start);
            move || {
                for tx in closes {
                    start.wait();
                    tx.close();
                }
            }
        });
        for round in 0..10_000 {
            let (tx, rx) = of_capacity(capacity);
            tx.try_send(round).unwrap();
            hand_over.send(tx).unwrap();
            start.wait();
            let got = Hand::new(async {
                select! {
                    v = <-rx => Some(v),
                    else => None,
                }
            })
            .run();
            assert_eq!(got, Some(Some(Some(round))), "the value was there all the time");
        }
        drop(hand_over);
        closer.join().unwrap();
    }
}

/// At capacity 0 the parked sender is the value: the arm fires with it, or with the end, and never is nothing there.
#[test]
fn a_parked_sender_and_a_concurrent_close_never_take_else() {
    let start = Arc::new(Barrier::new(2));
    let (hand_over, closes) = std::sync::mpsc::sync_channel::<Sender<u32>>(1);
    let closer = std::thread::spawn({
        let start = Arc::clone(&start);
        move || {
            for tx in closes {
                start.wait();
                tx.close();
            }
        }
    });
    for round in 0..10_000 {
        let (tx, rx) = channel(0);
        let sender = tx.clone();
        let mut send = Hand::waiting(async move { sender.send(round).await });
        hand_over.send(tx).unwrap();
        start.wait();
        let got = Hand::new(async {
            select! {
                v = <-rx => Some(v),
                else => None,
            }
        })
        .run();
        match got {
            Some(Some(Some(v))) => assert_eq!((v, send.run()), (round, Some(Ok(())))),
            Some(Some(None)) => {
                let back = (0..).find_map(|_| send.run()).expect("the close ends the send");
                assert_eq!(back.unwrap_err().into_inner(), round);
            }
            other => panic!("{other:?}"),
        }
    }
    drop(hand_over);
    closer.join().unwrap();
}

#[test]
fn else_runs_when_nothing_is_ready_and_leaves_nothing_behind() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<u8>(capacity);
        let (full, _keep) = channel(0);
        let took_else = Hand::new(async {
            select! {
                _ = <-rx => false,
                full <- 1 => false,
                _ = std::future::pending::<()>() => false,
                else => true,
            }
        })
        .run();
        assert_eq!(took_else, Some(true));
        if capacity == 0 {
            assert!(tx.try_send(1).is_err(), "the select has left the channel");
        }
        assert!(_keep.try_recv().is_err(), "the select has left the channel");
    }
}

#[test]
fn else_does_not_run_while_a_counterpart_is_parked() {
    let (tx, rx) = channel(0);
    let mut send = Hand::waiting(tx.send(5));
    let got = Hand::new(async {
        select! { v = <-rx => v, else => None }
    })
    .run();
    assert_eq!(got, Some(Some(5)));
    assert_eq!(send.woken(), Ok(()));

    let mut receive = Hand::waiting(rx.recv());
    let sent = Hand::new(async {
        select! { tx <- 6 => true, else => false }
    })
    .run();
    assert_eq!(sent, Some(true));
    assert_eq!(receive.woken(), Some(6));
}

/// A select that waits is a counterpart, too.
#[test]
fn else_does_not_run_while_a_select_is_parked_on_the_other_side() {
    let (tx, rx) = channel(0);
    let (_t, other) = channel::<u8>(0);
    let mut waiting = Hand::waiting(async {
        select! { v = <-rx => v, v = <-other => v }
    });
    let sent = Hand::new(async {
        select! { tx <- 6 => true, else => false }
    })
    .run();
    assert_eq!(sent, Some(true));
    assert_eq!(waiting.woken(), Some(6));
}
