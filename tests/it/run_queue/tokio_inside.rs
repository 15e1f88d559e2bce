//! Tokio's facilities inside Vela's tasks.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{LocalSet, block_in_place, spawn_local};
use vela::task::{spawn, yield_now};

use super::{current_thread, everywhere, on, workers};

#[test]
fn sockets_timers_blocking_work_and_tasks() {
    everywhere(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (mut bytes, mut total) = ([0; 4096], 0);
            loop {
                let n = socket.read(&mut bytes).await.unwrap();
                if n == 0 {
                    return total;
                }
                total += n;
                socket.write_all(&bytes[..n]).await.unwrap();
            }
        });
        let client = spawn(async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let mut bytes = [7; 1_000];
            for _ in 0..500 {
                socket.write_all(&bytes).await.unwrap();
                socket.read_exact(&mut bytes).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            let blocking = tokio::task::spawn_blocking(|| 5).await.unwrap();
            let ours = vela::task::spawn_blocking(|| 4).await.unwrap();
            blocking + ours + tokio::spawn(async { 6 }).await.unwrap()
        });
        assert_eq!(client.await.unwrap(), 15);
        assert_eq!(server.await.unwrap(), 500_000);
    });
}

#[test]
fn all_workers_block_in_place_at_once() {
    for n in [1, 2, 4] {
        let runtime = workers(n);
        on(&runtime, async {
            let tasks: Vec<_> = (0..6)
                .map(|n| {
                    spawn(async move {
                        // Each waits, in place, for tasks of its own.
                        let inner = spawn(async move {
                            yield_now().await;
                            n
                        });
                        let first = block_in_place(|| Handle::current().block_on(inner)).unwrap();
                        let (tx, rx) = std::sync::mpsc::channel();
                        drop(spawn(async move { tx.send(1).unwrap() }));
                        first + block_in_place(|| rx.recv().unwrap())
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n + 1);
            }
        });
    }
}

#[test]
fn a_local_set_joins_our_tasks() {
    let runtime = current_thread();
    let local = LocalSet::new();
    let body = local.run_until(async {
        let number = Rc::new(5);
        let task = spawn_local(async move {
            let four = spawn(async {
                tokio::task::yield_now().await;
                4
            });
            four.await.unwrap() + *number
        });
        assert_eq!(task.await.unwrap(), 9);
    });
    on(&runtime, body);
}

#[test]
fn a_runtime_inside_a_task() {
    let outer = workers(2);
    on(&outer, async {
        let outer = Handle::current().id();
        let task = spawn(async move {
            let (tx, mut rx) = mpsc::channel(1);
            let counts = spawn(async move {
                let mut n = 0;
                while rx.recv().await.is_some() {
                    n += 1;
                }
                n
            });
            block_in_place(move || {
                let inner = current_thread();
                on(&inner, async move {
                    let sends = spawn(async move {
                        for n in 0..1_000 {
                            tx.send(n).await.unwrap();
                        }
                        Handle::current().id()
                    });
                    let inner = Handle::current().id();
                    assert_ne!(inner, outer);
                    assert_eq!(sends.await.unwrap(), inner);
                });
            });
            counts.await.unwrap()
        });
        assert_eq!(task.await.unwrap(), 1_000);
    });
}

#[test]
fn a_task_that_has_entered_another_runtime_starts_tasks_there() {
    let other = workers(1);
    let there = other.handle().clone();
    everywhere(move || {
        let there = there.clone();
        async move {
            let here = Handle::current().id();
            let task = {
                let _entered = there.enter();
                spawn(async { Handle::current().id() })
            };
            assert_eq!(task.await.unwrap(), there.id());
            assert_eq!(spawn(async { Handle::current().id() }).await.unwrap(), here);
        }
    });
}

#[test]
fn paused_time_goes_on_when_our_tasks_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let tasks: Vec<_> = (1..=100)
            .map(|n| {
                let count = count.clone();
                spawn(async move {
                    tokio::time::sleep(Duration::from_secs(n)).await;
                    // In the order of their deadlines.
                    assert_eq!(count.fetch_add(1, Ordering::SeqCst) as u64, n - 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
