//! Polls that take long: what waits behind them, and what they have woken, goes to other workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use vela::task::{spawn, yield_now};
use vela::{Receiver, channel};

use super::{is_off, on, until, wait_until, workers};

#[test]
fn a_long_poll_strands_nobody() {
    if is_off() {
        return;
    }
    for n in [2, 4] {
        on(&workers(n), async {
            let (tx, rx) = oneshot::channel();
            let ran = Arc::new(AtomicBool::new(false));
            let flag = ran.clone();
            let woken = spawn(async move {
                rx.await.unwrap();
                flag.store(true, Ordering::SeqCst);
            });
            let long = spawn(async move {
                yield_now().await;
                tx.send(()).unwrap();
                // The poll goes on until what it has woken has run.
                wait_until(|| ran.load(Ordering::SeqCst));
            });
            long.await.unwrap();
            woken.await.unwrap();
        });
    }
}

#[test]
fn two_long_polls_run_at_the_same_time() {
    for n in [2, 4] {
        on(&workers(n), async {
            for _ in 0..20 {
                let here = Arc::new(AtomicUsize::new(0));
                let meet = || {
                    let here = here.clone();
                    async move {
                        here.fetch_add(1, Ordering::SeqCst);
                        wait_until(|| here.load(Ordering::SeqCst) == 2);
                    }
                };
                let (one, other) = (meet(), meet());
                let both = spawn(async move {
                    let (one, other) = (spawn(one), spawn(other));
                    one.await.unwrap();
                    other.await.unwrap();
                });
                both.await.unwrap();
            }
        });
    }
}

#[test]
fn a_pile_behind_a_poll_that_goes_on_is_shared() {
    if is_off() {
        return;
    }
    // A thousand are spawned in one poll that waits for all of them.
    on(&workers(2), async {
        let count = Arc::new(AtomicUsize::new(0));
        spawn(async move {
            for _ in 0..1_000 {
                let count = count.clone();
                drop(spawn(async move { count.fetch_add(1, Ordering::SeqCst) }));
            }
            wait_until(|| count.load(Ordering::SeqCst) == 1_000);
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_long_poll_of_tokio_s_that_has_woken_a_task_strands_no_other() {
    for _ in 0..10 {
        on(&workers(4), async {
            let (first, one) = channel::<()>(1);
            let (second, other) = channel::<()>(1);
            let started = Arc::new(AtomicUsize::new(0));
            let wait = |from: Receiver<()>| {
                let started = started.clone();
                async move {
                    started.fetch_add(1, Ordering::SeqCst);
                    from.recv().await
                }
            };
            let (one, other) = (spawn(wait(one)), spawn(wait(other)));
            // All are asleep: who is called next comes from the one worker that calls.
            let workers = Handle::current().metrics();
            until(|| {
                let parked = |worker| workers.worker_park_unpark_count(worker) % 2 == 1;
                started.load(Ordering::SeqCst) == 2 && (0..4).all(parked)
            })
            .await;
            let (sent, ran) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
            let from_outside = {
                let sent = sent.clone();
                std::thread::spawn(move || {
                    wait_until(|| sent.load(Ordering::SeqCst));
                    second.try_send(()).unwrap();
                })
            };
            let long = tokio::spawn({
                let ran = ran.clone();
                async move {
                    first.send(()).await.unwrap();
                    sent.store(true, Ordering::SeqCst);
                    // The poll goes on until a task has run that it did not wake.
                    wait_until(|| ran.load(Ordering::SeqCst));
                }
            });
            other.await.unwrap();
            ran.store(true, Ordering::SeqCst);
            long.await.unwrap();
            one.await.unwrap();
            from_outside.join().unwrap();
        });
    }
}

#[test]
fn many_tasks_may_block_in_place_at_once() {
    const BLOCKED: usize = 30;
    for n in [1, 2] {
        on(&workers(n), async {
            let (tx, rx) = channel::<()>(1);
            let count = Arc::new(AtomicUsize::new(0));
            let blocked: Vec<_> = (0..BLOCKED)
                .map(|_| {
                    let (rx, count) = (rx.clone(), count.clone());
                    spawn(async move {
                        count.fetch_add(1, Ordering::SeqCst);
                        block_in_place(|| Handle::current().block_on(rx.recv()))
                    })
                })
                .collect();
            until(|| count.load(Ordering::SeqCst) == BLOCKED).await;
            let frees = spawn(async move {
                for _ in 0..BLOCKED {
                    tx.send(()).await.unwrap();
                }
            });
            frees.await.unwrap();
            for task in blocked {
                assert_eq!(task.await.unwrap(), Some(()));
            }
        });
    }
}
