//! Many tasks on many threads, with cancellation at random: exactly once, and each sender's values in order.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

use vela::{Receiver, Sender, channel};

use super::runtimes::{CAPACITIES, on_both_runtimes};

/// Polls a future up to `polls` times, giving way in between, then drops it.
async fn within<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

const SENDERS: u64 = 4;
const EACH: u64 = 1_500;

async fn sender(tx: Sender<(u64, u64)>, id: u64) {
    let mut random = fastrand::Rng::with_seed(id);
    let mut next = 0;
    while next < EACH {
        match random.u8(0..6) {
            0 => {
                if tx.try_send((id, next)).is_ok() {
                    next += 1;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            1 => {
                tx.send((id, next)).await.unwrap();
                next += 1;
            }
            2 => {
                let mut batch: VecDeque<_> = (next..EACH.min(next + 5)).map(|n| (id, n)).collect();
                let all = batch.len() as u64;
                within(random.u32(0..4), tx.send_all(&mut batch)).await;
                next += all - batch.len() as u64;
            }
            3 => {
                if let Some(permit) = within(random.u32(0..4), tx.reserve()).await
                    && random.bool()
                {
                    permit.unwrap().send((id, next)).unwrap();
                    next += 1;
                }
            }
            _ => {
                let mut value = Some((id, next));
                within(random.u32(0..4), tx.send_from(&mut value)).await;
                next += u64::from(value.is_none());
            }
        }
    }
}

async fn receiver(rx: Receiver<(u64, u64)>, seed: u64) -> Vec<(u64, u64)> {
    let mut random = fastrand::Rng::with_seed(1_000 + seed);
    let mut got = Vec::new();
    loop {
        match random.u8(0..6) {
            0 => match rx.try_recv() {
                Ok(value) => got.push(value),
                Err(_) => tokio::task::yield_now().await,
            },
            1 => {
                within(random.u32(0..4), rx.recv_many(&mut got, 4)).await;
            }
            2 => match rx.recv().await {
                Some(value) => got.push(value),
                None => return got,
            },
            _ => match within(random.u32(0..4), rx.recv()).await {
                Some(Some(value)) => got.push(value),
                Some(None) => return got,
                None => {}
            },
        }
    }
}

on_both_runtimes! {
    async fn cancelled_at_random_nothing_is_lost_or_duplicated() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            for id in 0..SENDERS {
                tokio::spawn(sender(tx.clone(), id));
            }
            drop(tx);
            let receivers: Vec<_> = (0..4).map(|seed| tokio::spawn(receiver(rx.clone(), seed))).collect();
            let mut all = Vec::new();
            for receiver in receivers {
                all.extend(receiver.await.unwrap());
            }
            // What came back from dropped receivers after the others had seen the end.
            all.extend(rx.drain());
            all.sort_unstable();
            let expected: Vec<_> = (0..SENDERS).flat_map(|id| (0..EACH).map(move |n| (id, n))).collect();
            assert_eq!(all, expected, "capacity {capacity}");
        }
    }

    /// One receiver at a time: then each sender's values come in order, though receives are cancelled.
    async fn cancelled_at_random_each_senders_order_is_kept() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            for id in 0..SENDERS {
                tokio::spawn(sender(tx.clone(), id));
            }
            drop(tx);
            let got = receiver(rx.clone(), 7).await;
            let mut next = [0; SENDERS as usize];
            for (id, n) in got.into_iter().chain(rx.drain()) {
                assert_eq!(n, next[id as usize], "capacity {capacity}, sender {id}");
                next[id as usize] += 1;
            }
            assert_eq!(next, [EACH; SENDERS as usize]);
        }
    }

    /// Tasks that are aborted from outside, wherever they are.
    async fn aborted_tasks_lose_nothing() {
        for capacity in [0, 1, 5] {
            let (tx, rx) = channel(capacity);
            let got = std::sync::Arc::new(Mutex::new(Vec::new()));
            let mut random = fastrand::Rng::with_seed(5);
            let feeder = tokio::spawn(async move {
                for n in 0..2_000 {
                    tx.send(n).await.unwrap();
                }
            });
            while !rx.is_closed() {
                let (rx, got) = (rx.clone(), got.clone());
                let victim = tokio::spawn(async move {
                    while let Some(n) = rx.recv().await {
                        got.lock().unwrap().push(n);
                    }
                });
                for _ in 0..random.u8(0..5) {
                    tokio::task::yield_now().await;
                }
                victim.abort();
                let _ = victim.await;
            }
            feeder.await.unwrap();
            let mut all = got.lock().unwrap().clone();
            all.extend(rx.drain());
            assert_eq!(all, (0..2_000).collect::<Vec<_>>(), "capacity {capacity}");
        }
    }

    async fn a_race_of_close_and_drops_ends() {
        for capacity in CAPACITIES {
            for seed in 0..100_u64 {
                let (tx, rx) = channel(capacity);
                let senders: Vec<_> = (0..3)
                    .map(|_| {
                        let tx = tx.clone();
                        tokio::spawn(async move {
                            let mut sent = 0;
                            while sent < 50 && tx.send(1).await.is_ok() {
                                sent += 1;
                            }
                            sent
                        })
                    })
                    .collect();
                let receivers: Vec<_> = (0..3)
                    .map(|_| {
                        let rx = rx.clone();
                        tokio::spawn(async move {
                            let mut received = 0;
                            while let Some(n) = rx.recv().await {
                                received += n;
                            }
                            received
                        })
                    })
                    .collect();
                for _ in 0..seed % 7 {
                    tokio::task::yield_now().await;
                }
                tx.close();
                let (mut sent, mut received) = (0, 0);
                for sender in senders {
                    sent += sender.await.unwrap();
                }
                for receiver in receivers {
                    received += receiver.await.unwrap();
                }
                assert_eq!(sent, received, "capacity {capacity}");
            }
        }
    }
}
