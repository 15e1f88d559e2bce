//! Polls that take long: what waits behind them, and what they have woken, goes to other workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::oneshot;
use vela::task::{spawn, yield_now};

use super::{is_off, on, wait_until, workers};

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
