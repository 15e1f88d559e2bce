//! Neither Vela's tasks nor Tokio's starve the others. What is bounded is how many polls of one kind come between two of
//! the other.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vela::task::{spawn, yield_now};
use vela::{channel, unbounded};

use super::{everywhere, is_off, on, runtime};

/// A task that is always ready, through its own wake, until it is told to stop; counts its polls.
async fn busy(stop: Arc<AtomicBool>, polls: Arc<AtomicUsize>) {
    poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        if stop.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The most polls of `others` that came between two polls of the task that calls this.
async fn longest_wait(others: Arc<AtomicUsize>, ours: bool) -> usize {
    let mut longest = 0;
    let mut last = others.load(Ordering::Relaxed);
    for _ in 0..2_000 {
        if ours {
            yield_now().await
        } else {
            tokio::task::yield_now().await
        }
        let now = others.load(Ordering::Relaxed);
        longest = longest.max(now - last);
        last = now;
    }
    longest
}

#[test]
fn busy_tasks_of_vela_s_leave_tokio_its_turn() {
    // One thread, so that time passes for both alike.
    for kind in [0, 1] {
        let (stop, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        on(&runtime(kind), async {
            for _ in 0..8 {
                drop(spawn(busy(stop.clone(), polls.clone())));
            }
            let longest = tokio::spawn(longest_wait(polls.clone(), false)).await.unwrap();
            stop.store(true, Ordering::Relaxed);
            println!("{longest} polls of Vela's tasks between two of a Tokio task");
            assert!(polls.load(Ordering::Relaxed) > 0);
            // A slice is 200 µs, but who says when it is over may have to wait for a core on a loaded machine. Without turns this
            // test does not end.
            assert!(longest < 20_000_000, "{longest}");
        });
    }
}

#[test]
fn busy_tokio_tasks_leave_vela_s_their_turn() {
    for kind in [0, 1] {
        let (stop, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        on(&runtime(kind), async {
            for _ in 0..8 {
                drop(tokio::spawn(busy(stop.clone(), polls.clone())));
            }
            let longest = spawn(longest_wait(polls.clone(), true)).await.unwrap();
            stop.store(true, Ordering::Relaxed);
            println!("{longest} polls of Tokio tasks between two of a task of Vela's");
            // Tokio looks at what was deferred after 61 polls.
            assert!(longest < 2_000, "{longest}");
        });
    }
}

#[test]
fn timers_and_sockets_go_on_beside_busy_tasks() {
    everywhere(|| async {
        let (stop, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for n in 0..16 {
            let busy = busy(stop.clone(), polls.clone());
            if n % 2 == 0 { drop(spawn(busy)) } else { drop(tokio::spawn(busy)) }
        }
        let (mut near, mut far) = tokio::io::duplex(1);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut out = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut back, _) = listener.accept().await.unwrap();
        let echo = spawn(async move {
            while let Ok(byte) = back.read_u8().await {
                back.write_u8(byte).await.unwrap();
                far.write_u8(byte).await.unwrap();
            }
        });
        for n in 0..20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            out.write_u8(n).await.unwrap();
            assert_eq!((out.read_u8().await.unwrap(), near.read_u8().await.unwrap()), (n, n));
        }
        drop(out);
        echo.await.unwrap();
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn tasks_take_turns() {
    if is_off() {
        return;
    }
    // On one thread, each task is polled once before any is polled again.
    on(&runtime(0), async {
        spawn(async {
            let turns = Arc::new(AtomicUsize::new(0));
            let task = |n: usize| {
                let turns = turns.clone();
                spawn(async move {
                    for round in 0..100 {
                        assert_eq!(turns.fetch_add(1, Ordering::Relaxed), 10 * round + n);
                        yield_now().await;
                    }
                })
            };
            let tasks: Vec<_> = (0..10).map(task).collect();
            for task in tasks {
                task.await.unwrap();
            }
        })
        .await
        .unwrap();
    });
}

#[test]
fn senders_onto_a_long_backlog_give_way_to_its_receiver() {
    const SENDERS: usize = 16;
    const EACH: usize = 20_000;
    if is_off() {
        return;
    }
    for kind in [0, 1] {
        let longest = on(&runtime(kind), async {
            let (tx, rx) = unbounded();
            let receiver = spawn(async move {
                let mut longest = 0;
                while rx.recv().await.is_some() {
                    longest = longest.max(rx.len());
                }
                longest
            });
            for _ in 0..SENDERS {
                let tx = tx.clone();
                spawn(async move {
                    for n in 0..EACH {
                        tx.send(n).await.unwrap();
                    }
                });
            }
            drop(tx);
            receiver.await.unwrap()
        });
        // Else it would be 15 of 16 of all, when the senders are done. (It is a fiftieth, on a machine that does nothing else.)
        assert!(longest < SENDERS * EACH / 4, "{longest} of {}", SENDERS * EACH);
    }
}

#[test]
fn a_pair_that_hands_over_to_each_other_leaves_others_their_turn() {
    for kind in [0, 1] {
        let (stop, messages) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        on(&runtime(kind), async {
            let (ping, pinged) = channel(0);
            let (pong, ponged) = channel(0);
            let sends = spawn({
                let (stop, messages) = (stop.clone(), messages.clone());
                async move {
                    while !stop.load(Ordering::Relaxed) {
                        ping.send(()).await.unwrap();
                        ponged.recv().await.unwrap();
                        messages.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            let answers = spawn(async move {
                while pinged.recv().await.is_some() {
                    pong.send(()).await.unwrap();
                }
            });
            let longest = spawn(longest_wait(messages.clone(), true)).await.unwrap();
            stop.store(true, Ordering::Relaxed);
            sends.await.unwrap();
            answers.await.unwrap();
            assert!(messages.load(Ordering::Relaxed) > 100);
            if !is_off() {
                assert!(longest < 8, "{longest} messages of the pair between two polls of the third");
            }
        });
    }
}
