//! The end of a runtime: each future is dropped once, wakers and handles outlive it.

use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use tokio::sync::oneshot;
use vela::task::{TaskError, spawn, yield_now};

use super::{KINDS, OnDrop, current_thread, on, runtime, until, wait_until, workers};

/// A task that waits for ever, and leaves its waker.
fn parked(drops: &Arc<AtomicUsize>, kept: &Arc<Mutex<Vec<Waker>>>) -> impl Future<Output = ()> + Send + 'static {
    let (guard, kept) = (OnDrop(drops.clone()), kept.clone());
    let mut first = true;
    async move {
        let _guard = guard;
        poll_fn(|cx| {
            if std::mem::take(&mut first) {
                kept.lock().unwrap().push(cx.waker().clone());
            }
            Poll::<()>::Pending
        })
        .await;
    }
}

#[test]
fn every_future_is_dropped_once() {
    for kind in KINDS {
        for round in 0..20 {
            let runtime = runtime(kind);
            let drops = Arc::new(AtomicUsize::new(0));
            let kept = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = Vec::new();
            on(&runtime, async {
                for n in 0..300 {
                    let guard = OnDrop(drops.clone());
                    let parked = parked(&Arc::default(), &kept);
                    tasks.push(spawn(async move {
                        let _guard = guard;
                        match n % 4 {
                            0 => parked.await,
                            1 => loop {
                                yield_now().await;
                            },
                            2 => loop {
                                tokio::task::yield_now().await;
                            },
                            _ => tokio::time::sleep(std::time::Duration::from_secs(1_000)).await,
                        }
                    }));
                }
                if round % 2 == 0 {
                    until(|| kept.lock().unwrap().len() == 75).await;
                }
            });
            if round % 4 == 3 {
                runtime.shutdown_background();
                wait_until(|| drops.load(Ordering::SeqCst) == 300);
            }
            // Else it was dropped here, and has waited for its workers.
            else {
                drop(runtime);
            }
            assert_eq!(drops.load(Ordering::SeqCst), 300, "{kind} workers, round {round}");
            for waker in kept.lock().unwrap().drain(..) {
                waker.wake_by_ref();
                let by_value = waker.clone();
                by_value.wake();
                waker.wake();
            }
            let other = current_thread();
            for task in tasks {
                task.cancel();
                assert!(matches!(on(&other, task), Err(TaskError::Cancelled)));
            }
        }
    }
}

#[test]
fn threads_wake_and_spawn_while_it_ends() {
    for round in 0..60 {
        let runtime = runtime(KINDS[round % KINDS.len()]);
        let drops = Arc::new(AtomicUsize::new(0));
        let kept = Arc::new(Mutex::new(Vec::new()));
        on(&runtime, async {
            for _ in 0..50 {
                drop(spawn(parked(&drops, &kept)));
            }
            until(|| kept.lock().unwrap().len() == 50).await;
        });
        let wakers = std::mem::take(&mut *kept.lock().unwrap());
        let (stop, passes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let waking = std::thread::spawn({
            let (stop, passes, handle) = (stop.clone(), passes.clone(), runtime.handle().clone());
            move || {
                let _entered = handle.enter();
                let mut tasks = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    wakers.iter().for_each(Waker::wake_by_ref);
                    if tasks.len() < 1_000 {
                        tasks.push(spawn(async {}));
                    }
                    passes.fetch_add(1, Ordering::Relaxed);
                }
                tasks
            }
        });
        wait_until(|| passes.load(Ordering::Relaxed) > round % 7);
        drop(runtime);
        assert_eq!(drops.load(Ordering::SeqCst), 50);
        stop.store(true, Ordering::Relaxed);
        // Each has run or was cancelled: none waits for ever.
        for task in waking.join().unwrap() {
            let _ = on(&current_thread(), task);
        }
    }
}

#[test]
fn futures_that_are_dropped_may_wake_and_spawn() {
    struct Last(Option<oneshot::Sender<()>>, Arc<AtomicUsize>);
    impl Drop for Last {
        fn drop(&mut self) {
            let _ = self.0.take().map(|tx| tx.send(()));
            let guard = OnDrop(self.1.clone());
            drop(spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
        }
    }
    for kind in KINDS {
        let runtime = runtime(kind);
        let (drops, started) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        on(&runtime, async {
            for _ in 0..100 {
                let (tx, rx) = oneshot::channel();
                let (last, started) = (Last(Some(tx), drops.clone()), started.clone());
                drop(spawn(async move {
                    let _last = last;
                    started.fetch_add(1, Ordering::SeqCst);
                    pending::<()>().await;
                }));
                drop(spawn(async move {
                    let _ = rx.await;
                }));
            }
            until(|| started.load(Ordering::SeqCst) == 100).await;
        });
        drop(runtime);
        assert_eq!(drops.load(Ordering::SeqCst), 100);
    }
}

#[test]
fn what_is_started_on_a_runtime_that_has_ended_is_cancelled() {
    for (kind, used) in KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let runtime = runtime(kind);
        if used {
            on(&runtime, async { spawn(async {}).await.unwrap() });
        }
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let drops = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            let guard = OnDrop(drops.clone());
            let task = spawn(async move { drop(guard) });
            assert!(matches!(task.join_blocking(), Err(TaskError::Cancelled)));
        }
        assert_eq!(drops.load(Ordering::SeqCst), 3);
    }
}

#[test]
fn many_runtimes_come_and_go() {
    let one = |_| {
        std::thread::spawn(|| {
            for n in 0..60 {
                let runtime = if n % 2 == 0 { current_thread() } else { workers(2) };
                on(&runtime, async {
                    let task = spawn(async { spawn(async { 1 }).await.unwrap() });
                    assert_eq!(task.await.unwrap(), 1);
                });
            }
        })
    };
    let threads: Vec<_> = (0..4).map(one).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
