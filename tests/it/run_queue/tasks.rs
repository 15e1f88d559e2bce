//! Starting, joining, cancelling, panics, wake-ups.

use std::future::{Future as _, pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio::sync::{mpsc, oneshot};
use vela::task::{Group, TaskError, current, spawn, yield_now};

use super::{OnDrop, everywhere, until};

#[test]
fn ten_thousand_outputs_come_back() {
    everywhere(|| async {
        let tasks: Vec<_> = (0..10_000).map(|n| spawn(async move { n })).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), n);
        }
        let yielding = |n| async move {
            yield_now().await;
            n
        };
        let tasks: Vec<_> = (0..10_000).map(|n| spawn(yielding(n))).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), n);
        }
    });
}

#[test]
fn a_panic_is_caught_and_the_future_is_dropped_first() {
    everywhere(|| async {
        let drops = Arc::new(AtomicUsize::new(0));
        let guard = OnDrop(drops.clone());
        let task = spawn(async move {
            let _guard = guard;
            yield_now().await;
            std::panic::panic_any(7_u8);
        });
        let panic = task.await.unwrap_err().into_panic().unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(*panic.into_payload().downcast::<u8>().unwrap(), 7);
    });
}

#[test]
fn the_panic_of_a_drop_is_the_tasks() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }
    everywhere(|| async {
        let ended = spawn(async {
            let _panics = Panics;
        });
        assert!(ended.await.unwrap_err().is_panic());
        let cancelled = spawn(async {
            let _panics = Panics;
            pending::<()>().await;
        });
        cancelled.cancel();
        assert!(!matches!(cancelled.await, Ok(())));
        drop(spawn(async { Panics }));
        spawn(async {}).await.unwrap();
    });
}

#[test]
fn waiting_queued_running_and_ended_tasks_are_cancelled() {
    everywhere(|| async {
        let drops = Arc::new(AtomicUsize::new(0));
        for round in 1..100 {
            let guard = OnDrop(drops.clone());
            let (tx, rx) = oneshot::channel();
            let waits = spawn(async move {
                let _guard = guard;
                tx.send(()).unwrap();
                pending::<()>().await;
            });
            if round % 2 == 0 {
                rx.await.unwrap();
            }
            // Else perhaps queued, never polled.
            waits.cancel();
            assert!(matches!(waits.await, Err(TaskError::Cancelled)));
            assert_eq!(drops.load(Ordering::SeqCst), round);
        }
        // While it runs: by itself.
        let group = Arc::new(Group::new());
        let inner = group.clone();
        let guard = OnDrop(drops.clone());
        let (tx, rx) = oneshot::channel();
        let runs = group.spawn(async move {
            let _guard = guard;
            rx.await.unwrap();
            inner.cancel();
            yield_now().await;
            unreachable!("it was cancelled");
        });
        tx.send(()).unwrap();
        assert!(matches!(runs.await, Err::<(), _>(TaskError::Cancelled)));
        assert_eq!(drops.load(Ordering::SeqCst), 100);
        let ended = spawn(async { 5 });
        until(|| ended.is_finished()).await;
        ended.cancel();
        assert_eq!(ended.await.unwrap(), 5);
    });
}

#[test]
fn the_output_of_a_detached_task_is_dropped_once() {
    everywhere(|| async {
        let drops = Arc::new(AtomicUsize::new(0));
        for n in 0..1_000 {
            let output = OnDrop(drops.clone());
            let task = spawn(async move {
                if n % 2 == 0 {
                    yield_now().await;
                }
                output
            });
            if n % 3 == 0 {
                until(|| task.is_finished()).await;
            }
            drop(task);
        }
        until(|| drops.load(Ordering::SeqCst) >= 1_000).await;
        spawn(async {}).await.unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1_000);
    });
}

#[test]
fn a_join_moves_from_waker_to_waker() {
    everywhere(|| async {
        for n in 0..300 {
            let (tx, rx) = oneshot::channel::<()>();
            let mut task = spawn(async move {
                let _ = rx.await;
                if n % 2 == 0 {
                    yield_now().await;
                }
                n
            });
            poll_fn(|cx| {
                assert!(std::pin::Pin::new(&mut task).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            let moved = tokio::spawn(async move { task.await.unwrap() });
            if n % 3 == 0 {
                tokio::task::yield_now().await;
            }
            tx.send(()).unwrap();
            assert_eq!(moved.await.unwrap(), n);
        }
    });
}

#[test]
fn wakes_come_from_threads() {
    everywhere(|| async {
        let (tx, mut rx) = mpsc::channel(1);
        let thread = std::thread::spawn(move || (0..2_000).for_each(|n| tx.blocking_send(n).unwrap()));
        let task = spawn(async move {
            let mut count = 0;
            while let Some(n) = rx.recv().await {
                assert_eq!(n, count);
                count += 1;
            }
            count
        });
        assert_eq!(task.await.unwrap(), 2_000);
        thread.join().unwrap();
    });
}

#[test]
fn a_wake_during_a_poll_makes_another_one() {
    everywhere(|| async {
        let polls = spawn(async {
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                cx.waker().wake_by_ref();
                let by_value = cx.waker().clone();
                by_value.wake();
                if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            polls
        });
        assert_eq!(polls.await.unwrap(), 100);
    });
}

#[test]
fn a_task_knows_its_number_and_keeps_its_locals() {
    tokio::task_local! { static NAME: u32; }
    everywhere(|| async {
        let tasks = (0..100).map(|n| {
            let body = async move {
                let id = current().map(|task| task.id());
                for _ in 0..10 {
                    yield_now().await;
                    assert_eq!(NAME.get(), n);
                    assert_eq!(current().map(|task| task.id()), id);
                }
                id
            };
            spawn(NAME.scope(n, body))
        });
        let tasks: Vec<_> = tasks.collect();
        let ids: std::collections::HashSet<_> = tasks.iter().map(|task| task.id().unwrap()).collect();
        assert_eq!(ids.len(), 100);
        for task in tasks {
            let id = task.id();
            assert_eq!(task.await.unwrap(), id);
        }
        assert!(NAME.try_with(|_| ()).is_err());
    });
}

#[test]
fn a_mesh_of_both_kinds_of_tasks_loses_nothing() {
    everywhere(|| async {
        let sum = Arc::new(AtomicU64::new(0));
        let (mut want, mut receivers) = (0, Vec::new());
        for k in 0..100_u64 {
            let (tx, mut rx) = mpsc::channel((k % 3 + 1) as usize);
            let total = sum.clone();
            receivers.push(spawn(async move {
                while let Some(n) = rx.recv().await {
                    total.fetch_add(n, Ordering::Relaxed);
                }
            }));
            for j in 0..3 {
                let tx = tx.clone();
                want += (0..200).sum::<u64>();
                let body = async move {
                    for n in 0..200 {
                        tx.send(n).await.unwrap();
                        if n % 64 == j {
                            yield_now().await;
                        }
                    }
                };
                if (k + j) % 4 == 0 { drop(tokio::spawn(body)) } else { drop(spawn(body)) }
            }
            if k % 10 == 0 {
                let spins = spawn(async {
                    loop {
                        yield_now().await;
                    }
                });
                tokio::task::yield_now().await;
                spins.cancel();
                assert!(matches!(spins.await, Err::<(), _>(TaskError::Cancelled)));
            }
        }
        for receiver in receivers {
            receiver.await.unwrap();
        }
        assert_eq!(sum.load(Ordering::Relaxed), want);
    });
}

#[test]
fn what_a_thread_wrote_before_its_wake_is_seen() {
    // The waker is woken by two threads at once; each has written something, and the last poll sees both.
    everywhere(|| async {
        for _ in 0..200 {
            let flags = Arc::new([const { AtomicBool::new(false) }; 2]);
            let place = Arc::new(Mutex::new(None));
            let task = spawn({
                let (flags, place) = (flags.clone(), place.clone());
                poll_fn(move |cx| {
                    place.lock().unwrap().get_or_insert_with(|| cx.waker().clone());
                    let all = flags.iter().all(|flag| flag.load(Ordering::Relaxed));
                    if all { Poll::Ready(()) } else { Poll::Pending }
                })
            });
            until(|| place.lock().unwrap().is_some()).await;
            let waker = place.lock().unwrap().take().unwrap();
            let wake = |n: usize| {
                let (flags, waker) = (flags.clone(), waker.clone());
                move || {
                    flags[n].store(true, Ordering::Relaxed);
                    waker.wake();
                }
            };
            let other = tokio::task::spawn_blocking(wake(0));
            wake(1)();
            task.await.unwrap();
            other.await.unwrap();
        }
    });
}
