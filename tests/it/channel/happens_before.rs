//! What synchronises with what. The witness is relaxed memory, so only the channel orders it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::channel;

use super::runtimes::{CAPACITIES, on_both_runtimes};

fn slots(n: usize) -> Arc<Vec<AtomicUsize>> {
    Arc::new((0..n).map(|_| AtomicUsize::new(0)).collect())
}

const N: usize = 3_000;

on_both_runtimes! {
    async fn what_came_before_a_send_is_seen_after_its_receive() {
        for capacity in CAPACITIES {
            let written = slots(N);
            let (tx, rx) = channel(capacity);
            let writes = Arc::clone(&written);
            let sender = tokio::spawn(async move {
                for n in 0..N {
                    writes[n].store(n + 1, Ordering::Relaxed);
                    tx.send(n).await.unwrap();
                }
            });
            while let Some(n) = rx.recv().await {
                assert_eq!(written[n].load(Ordering::Relaxed), n + 1, "capacity {capacity}");
            }
            sender.await.unwrap();
        }
    }

    async fn what_came_before_the_close_is_seen_after_the_end() {
        for capacity in CAPACITIES {
            for by_drop in [false, true] {
                for _ in 0..200 {
                    let written = slots(3);
                    let (tx, rx) = channel::<u8>(capacity);
                    let senders: Vec<_> = (0..3)
                        .map(|n| {
                            let (tx, written) = (tx.clone(), Arc::clone(&written));
                            tokio::spawn(async move {
                                written[n].store(1, Ordering::Relaxed);
                                if !by_drop {
                                    tx.close();
                                }
                            })
                        })
                        .collect();
                    drop(tx);
                    assert_eq!(rx.recv().await, None);
                    let seen: usize = written.iter().map(|slot| slot.load(Ordering::Relaxed)).sum();
                    assert!(if by_drop { seen == 3 } else { seen >= 1 }, "capacity {capacity}");
                    for sender in senders {
                        sender.await.unwrap();
                    }
                }
            }
        }
    }

    /// The k-th receive comes before the completion of send k + capacity; at capacity 0: of the k-th send.
    async fn a_receive_comes_before_the_send_that_uses_its_place() {
        for capacity in [0, 1, 2, 5, 64] {
            let begun = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = channel(capacity);
            let marks = Arc::clone(&begun);
            let receiver = tokio::spawn(async move {
                let mut k = 0;
                loop {
                    marks.store(k + 1, Ordering::Relaxed);
                    if rx.recv().await.is_none() {
                        break;
                    }
                    k += 1;
                }
            });
            for n in 0..N {
                tx.send(n).await.unwrap();
                if let Some(k) = n.checked_sub(capacity) {
                    assert!(begun.load(Ordering::Relaxed) > k, "capacity {capacity}: send {n} before receive {k}");
                }
            }
            drop(tx);
            receiver.await.unwrap();
        }
    }

    /// As above, with permits: what was received before a place was granted.
    async fn a_receive_comes_before_the_grant_of_its_place() {
        for capacity in [1, 2, 5] {
            let begun = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = channel(capacity);
            let marks = Arc::clone(&begun);
            let receiver = tokio::spawn(async move {
                let mut k = 0;
                loop {
                    marks.store(k + 1, Ordering::Relaxed);
                    if rx.recv().await.is_none() {
                        break;
                    }
                    k += 1;
                }
            });
            for n in 0..N {
                tx.reserve().await.unwrap().send(n).unwrap();
                if let Some(k) = n.checked_sub(capacity) {
                    assert!(begun.load(Ordering::Relaxed) > k, "capacity {capacity}");
                }
            }
            drop(tx);
            receiver.await.unwrap();
        }
    }

    /// A channel of capacity n as a semaphore (Go's example): never more than n inside.
    async fn a_buffered_channel_is_a_semaphore() {
        for limit in [1, 3] {
            let inside = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = channel(limit);
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let (tx, rx, inside) = (tx.clone(), rx.clone(), Arc::clone(&inside));
                    tokio::spawn(async move {
                        for _ in 0..200 {
                            tx.send(()).await.unwrap();
                            assert!(inside.fetch_add(1, Ordering::Relaxed) < limit);
                            tokio::task::yield_now().await;
                            inside.fetch_sub(1, Ordering::Relaxed);
                            assert_eq!(rx.recv().await, Some(()));
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    }
}
