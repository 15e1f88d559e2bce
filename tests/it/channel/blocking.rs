//! Threads and tasks on one channel, and the ban on blocking in async contexts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vela::channel;

use super::runtimes::{CAPACITIES, on_both_runtimes, on_current_thread, on_multi_thread};

on_both_runtimes! {
    async fn threads_and_tasks_share_one_channel() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel::<u64>(capacity);
            for worker in 0..2 {
                let (task, thread) = (tx.clone(), tx.clone());
                tokio::spawn(async move {
                    for n in 0..500 {
                        task.send(worker * 1000 + n).await.unwrap();
                    }
                });
                std::thread::spawn(move || {
                    for n in 500..1000 {
                        thread.send_blocking(worker * 1000 + n).unwrap();
                    }
                });
            }
            drop(tx);
            let (task, pooled, thread) = (rx.clone(), rx.clone(), rx);
            let task = tokio::spawn(async move {
                let mut got = Vec::new();
                while let Some(n) = task.recv().await {
                    got.push(n);
                }
                got
            });
            let pooled = tokio::task::spawn_blocking(move || {
                let mut got = Vec::new();
                while let Some(n) = pooled.recv_blocking() {
                    got.push(n);
                }
                got
            });
            let thread = std::thread::spawn(move || thread.iter_blocking().collect::<Vec<_>>());
            let mut all = task.await.unwrap();
            all.extend(pooled.await.unwrap());
            all.extend(tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap());
            all.sort_unstable();
            assert_eq!(all, (0..2000).collect::<Vec<_>>(), "capacity {capacity}");
        }
    }

    async fn blocking_calls_are_fine_in_spawn_blocking() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            let sender = tokio::task::spawn_blocking(move || {
                for n in 0..100 {
                    tx.send_blocking(n).unwrap();
                }
            });
            let receiver = tokio::task::spawn_blocking(move || rx.iter_blocking().collect::<Vec<_>>());
            sender.await.unwrap();
            assert_eq!(receiver.await.unwrap(), (0..100).collect::<Vec<_>>());
        }
    }

    /// Also when they would not have to wait.
    async fn blocking_calls_in_async_contexts_always_panic() {
        fn message(panic: Result<(), Box<dyn std::any::Any + Send>>) -> String {
            let panic = panic.expect_err("it has to panic");
            match panic.downcast::<String>() {
                Ok(message) => *message,
                Err(panic) => (*panic.downcast_ref::<&str>().expect("a message")).to_owned(),
            }
        }
        async fn check() {
            let (tx, rx) = channel(5);
            tx.try_send(1).unwrap();
            let send = message(catch_unwind(AssertUnwindSafe(|| _ = tx.send_blocking(2))));
            assert!(send.contains("send_blocking") && send.contains("async"), "{send}");
            let receive = message(catch_unwind(AssertUnwindSafe(|| _ = rx.recv_blocking())));
            assert!(receive.contains("recv_blocking") && receive.contains("async"), "{receive}");
            let iterate = message(catch_unwind(AssertUnwindSafe(|| _ = rx.iter_blocking())));
            assert!(iterate.contains("iter_blocking") && iterate.contains("async"), "{iterate}");
            assert_eq!(rx.len(), 1, "nothing was sent or received");
            // Closed channels are no exception.
            rx.close();
            let _ = rx.drain().count();
            message(catch_unwind(AssertUnwindSafe(|| _ = tx.send_blocking(2))));
            message(catch_unwind(AssertUnwindSafe(|| _ = rx.recv_blocking())));
        }
        check().await;
        tokio::spawn(check()).await.unwrap();
        tokio::task::LocalSet::new().run_until(check()).await;
    }

    async fn an_iterator_made_on_a_thread_does_not_block_a_task() {
        let (tx, rx) = channel(5);
        tx.try_send(1).unwrap();
        let panic = {
            let rx = &rx;
            let iterator = std::thread::scope(|scope| scope.spawn(|| rx.iter_blocking()).join().unwrap());
            let mut iterator = iterator;
            catch_unwind(AssertUnwindSafe(|| iterator.next())).is_err()
        };
        assert!(panic);
        assert_eq!(rx.len(), 1);
    }
}

#[test]
fn blocking_calls_are_fine_where_a_runtime_was_only_entered() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    let (tx, rx) = channel(1);
    tx.send_blocking(1).unwrap();
    assert_eq!(rx.recv_blocking(), Some(1));
}

#[test]
fn blocking_calls_are_fine_in_block_in_place() {
    on_multi_thread(async {
        let (tx, rx) = channel(1);
        tokio::task::block_in_place(|| {
            tx.send_blocking(1).unwrap();
            assert_eq!(rx.recv_blocking(), Some(1));
        });
    });
}

#[test]
fn blocked_threads_wake_when_the_channel_closes() {
    let (tx, rx) = channel::<u32>(0);
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let rx = rx.clone();
            std::thread::spawn(move || rx.recv_blocking())
        })
        .collect();
    drop(tx);
    assert!(receivers.into_iter().all(|receiver| receiver.join().unwrap().is_none()));

    let (tx, rx) = channel::<u32>(0);
    let senders: Vec<_> = (0..4)
        .map(|n| {
            let tx = tx.clone();
            std::thread::spawn(move || tx.send_blocking(n).unwrap_err().into_inner())
        })
        .collect();
    drop(rx);
    let mut back: Vec<_> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    back.sort_unstable();
    assert_eq!(back, [0, 1, 2, 3]);
}

#[test]
fn threads_alone_need_no_runtime() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let sender = std::thread::spawn(move || (0..2_000).try_for_each(|n| tx.send_blocking(n)));
        assert!(rx.iter_blocking().eq(0..2_000), "capacity {capacity}");
        sender.join().unwrap().unwrap();
    }
}

#[test]
fn a_thread_serves_tasks_of_two_runtimes() {
    let (to_thread, from_tasks) = channel::<u32>(0);
    let (to_tasks, from_thread) = channel::<u32>(0);
    let thread = std::thread::spawn(move || {
        for n in from_tasks.iter_blocking() {
            to_tasks.send_blocking(n * 2).unwrap();
        }
    });
    for runtime in [on_current_thread, on_multi_thread] {
        let (tx, rx) = (to_thread.clone(), from_thread.clone());
        let ask: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
            for n in 0..200 {
                tx.send(n).await.unwrap();
                assert_eq!(rx.recv().await, Some(n * 2));
            }
        });
        runtime(ask);
    }
    drop(to_thread);
    thread.join().unwrap();
}
