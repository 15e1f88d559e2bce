//! Tasks that move from one runner to another: by sharing, stealing, and being brought together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use vela::prelude::*;
use vela::task::{Group, spawn, yield_now};

use super::{OnDrop, on, until, wait_until, workers};

/// Some microseconds of work.
fn compute(seed: u64) -> u64 {
    let step = |x: u64, n: u64| std::hint::black_box((x ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    (0..5_000).fold(seed, step)
}

/// The threads that tasks were polled on.
#[derive(Default)]
struct Threads(Mutex<HashSet<ThreadId>>);

impl Threads {
    fn note(&self) {
        self.0.lock().unwrap().insert(thread::current().id());
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[test]
fn a_pool_whose_tasks_compute_comes_to_every_worker() {
    for n in [2, 4] {
        on(&workers(n), async move {
            // Started on one worker, and woken there.
            spawn(async move {
                let (jobs, take) = channel::<u64>(16);
                let (give, results) = channel::<u64>(16);
                let threads = Arc::new(Threads::default());
                let pool: Vec<_> = (0..2 * n)
                    .map(|_| {
                        let (take, give, threads) = (take.clone(), give.clone(), threads.clone());
                        spawn(async move {
                            while let Some(job) = take.recv().await {
                                threads.note();
                                give.send(compute(job)).await.unwrap();
                            }
                        })
                    })
                    .collect();
                drop((take, give));
                let mut sent = 0;
                while threads.count() < n {
                    for job in 0..16 {
                        jobs.send(job).await.unwrap();
                    }
                    for _ in 0..16 {
                        results.recv().await.unwrap();
                    }
                    sent += 16;
                }
                println!("{n} workers after {sent} jobs");
                drop(jobs);
                for worker in pool {
                    worker.await.unwrap();
                }
                assert_eq!(results.recv().await, None);
            })
            .await
            .unwrap();
        });
    }
}

#[test]
fn tasks_that_give_way_between_computations_come_to_every_worker() {
    for n in [2, 4] {
        on(&workers(n), async move {
            spawn(async move {
                let (stop, threads) = (Arc::new(AtomicBool::new(false)), Arc::new(Threads::default()));
                let group = Group::new();
                for seed in 0..2 * n as u64 {
                    let (stop, threads) = (stop.clone(), threads.clone());
                    group.spawn(async move {
                        while !stop.load(Ordering::Relaxed) {
                            compute(seed);
                            threads.note();
                            yield_now().await;
                        }
                    });
                }
                until(|| threads.count() == n).await;
                stop.store(true, Ordering::Relaxed);
                group.join().await.unwrap();
            })
            .await
            .unwrap();
        });
    }
}

#[test]
fn tasks_that_meet_on_one_channel_lose_nothing_wherever_they_are_brought() {
    const EACH: u64 = 20_000;
    for n in [2, 4] {
        on(&workers(n), async move {
            let (tx, rx) = channel::<u64>(8);
            let senders: Vec<_> = (0..8)
                .map(|from| {
                    let tx = tx.clone();
                    spawn(async move {
                        for value in 0..EACH {
                            tx.send(from * EACH + value).await.unwrap();
                        }
                    })
                })
                .collect();
            drop(tx);
            let receivers: Vec<_> = (0..8)
                .map(|_| {
                    let rx = rx.clone();
                    spawn(async move {
                        // Each sender's values come in order, to each receiver.
                        let mut last = [None; 8];
                        let mut sum = 0;
                        while let Some(value) = rx.recv().await {
                            let from = (value / EACH) as usize;
                            assert!(last[from] < Some(value));
                            last[from] = Some(value);
                            sum += value;
                        }
                        sum
                    })
                })
                .collect();
            for sender in senders {
                sender.await.unwrap();
            }
            let mut sum = 0;
            for receiver in receivers {
                sum += receiver.await.unwrap();
            }
            assert_eq!(sum, (0..8 * EACH).sum::<u64>());
        });
    }
}

#[test]
fn a_task_that_computes_beside_tasks_that_contend_goes_on() {
    // Brought together or not: the one and the others get their turns.
    on(&workers(4), async {
        let (tx, rx) = channel::<u64>(4);
        let (stop, moved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let group = Group::new();
        for _ in 0..8 {
            let (tx, rx, stop, moved) = (tx.clone(), rx.clone(), stop.clone(), moved.clone());
            group.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    tx.send(1).await.unwrap();
                    moved.fetch_add(1, Ordering::Relaxed);
                }
                drop(tx);
            });
            let rx = rx.clone();
            group.spawn(async move { while rx.recv().await.is_some() {} });
        }
        drop((tx, rx));
        for round in 0..20 {
            let before = moved.load(Ordering::Relaxed);
            let computing = spawn(async move {
                for n in 0..50 {
                    compute(n);
                    yield_now().await;
                }
            });
            until(|| moved.load(Ordering::Relaxed) > before + 1_000).await;
            computing.await.unwrap_or_else(|error| panic!("{round}: {error}"));
        }
        stop.store(true, Ordering::Relaxed);
        group.join().await.unwrap();
    });
}

#[test]
fn a_runtime_ends_while_its_tasks_move_between_runners() {
    for round in 0..40 {
        let runtime = workers(2 + round % 3);
        let (drops, moved) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (tx, rx) = channel::<u64>(4);
        runtime.block_on(async {
            for seed in 0..12 {
                let (guard, moved) = (OnDrop(drops.clone()), moved.clone());
                let (tx, rx) = (tx.clone(), rx.clone());
                drop(spawn(async move {
                    let _guard = guard;
                    loop {
                        match seed % 3 {
                            0 => tx.send(seed).await.unwrap(),
                            1 => drop(rx.recv().await),
                            _ => drop((compute(seed), yield_now().await)),
                        }
                        moved.fetch_add(1, Ordering::Relaxed);
                    }
                }));
            }
        });
        wait_until(|| moved.load(Ordering::Relaxed) > 300 * round);
        drop(runtime);
        assert_eq!(drops.load(Ordering::SeqCst), 12, "{round}");
    }
}
