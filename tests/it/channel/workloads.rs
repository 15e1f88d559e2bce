//! Go's own workloads, restated.

use vela::channel;

use super::by_hand::parked;
use super::runtimes::{CAPACITIES, on_both_runtimes};

on_both_runtimes! {
    async fn many_consumers_sum_exactly() {
        const ITEMS: u64 = 271_828;
        for capacity in [0, 128] {
            let (tx, rx) = channel(capacity);
            let (sums_in, sums) = channel(0);
            for _ in 0..23 {
                let (rx, sums_in) = (rx.clone(), sums_in.clone());
                tokio::spawn(async move {
                    let mut sum = 0;
                    while let Some(n) = rx.recv().await {
                        sum += n;
                    }
                    sums_in.send(sum).await.unwrap();
                });
            }
            drop((rx, sums_in));
            for n in 0..ITEMS {
                tx.send(n).await.unwrap();
            }
            drop(tx);
            let mut total = 0;
            while let Some(sum) = sums.recv().await {
                total += sum;
            }
            assert_eq!(total, ITEMS * (ITEMS - 1) / 2, "capacity {capacity}");
        }
    }

    /// `left <- 1 + <-right`, ten thousand times.
    async fn a_chain_of_ten_thousand_collapses() {
        for capacity in [0, 1] {
            let (leftmost, result) = channel(capacity);
            let mut left = leftmost;
            for _ in 0..10_000 {
                let (tx, rx) = channel::<u32>(capacity);
                let to = std::mem::replace(&mut left, tx);
                tokio::spawn(async move { to.send(1 + rx.recv().await.unwrap()).await.unwrap() });
            }
            left.send(1).await.unwrap();
            assert_eq!(result.recv().await, Some(10_001));
        }
    }

    async fn the_prime_sieve() {
        for capacity in CAPACITIES {
            let (tx, mut numbers) = channel(capacity.min(100));
            tokio::spawn(async move {
                let mut n = 2_u32;
                while tx.send(n).await.is_ok() {
                    n += 1;
                }
            });
            let mut primes = Vec::new();
            for _ in 0..60 {
                let prime = numbers.recv().await.unwrap();
                primes.push(prime);
                let (tx, rx) = channel(capacity.min(100));
                let from = std::mem::replace(&mut numbers, rx);
                tokio::spawn(async move {
                    while let Some(n) = from.recv().await {
                        if n % prime != 0 && tx.send(n).await.is_err() {
                            break;
                        }
                    }
                });
            }
            assert_eq!(primes[..10], [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
            assert_eq!(primes[59], 281);
        }
    }

    async fn ping_pong() {
        for capacity in [0, 1] {
            let (ping, pinged) = channel(capacity);
            let (pong, ponged) = channel(capacity);
            tokio::spawn(async move {
                while let Some(n) = pinged.recv().await {
                    pong.send(n + 1).await.unwrap();
                }
            });
            for n in 0..5_000 {
                ping.send(n).await.unwrap();
                assert_eq!(ponged.recv().await, Some(n + 1));
            }
        }
    }

    /// Operations that never have to wait give way to other tasks all the same.
    async fn a_busy_channel_does_not_starve_other_tasks() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};

        for capacity in [1, usize::MAX] {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let busy = tokio::spawn(async move {
                let (tx, rx) = channel(capacity);
                for n in 0..3_000_000 {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    tx.send(n).await.unwrap();
                    assert_eq!(rx.recv().await, Some(n));
                }
                panic!("the other task has never run");
            });
            tokio::spawn(async move { stop.store(true, Ordering::Relaxed) });
            busy.await.unwrap();
        }
    }

    async fn everyone_sends_to_everyone() {
        for capacity in [0, 1, 10] {
            let ends: Vec<_> = (0..8).map(|_| channel::<usize>(capacity)).collect();
            let outs: Vec<_> = ends.iter().map(|(tx, _)| tx.clone()).collect();
            let mut tasks = Vec::new();
            for (me, (tx, rx)) in ends.into_iter().enumerate() {
                drop(tx);
                let outs = outs.clone();
                tasks.push(tokio::spawn(async move {
                    for n in 0..400 {
                        outs[(me + n) % 8].send(1).await.unwrap();
                    }
                    0
                }));
                tasks.push(tokio::spawn(async move {
                    let mut count = 0;
                    while let Some(n) = rx.recv().await {
                        count += n;
                    }
                    count
                }));
            }
            drop(outs);
            let mut total = 0;
            for task in tasks {
                total += task.await.unwrap();
            }
            assert_eq!(total, 8 * 400, "capacity {capacity}");
        }
    }
}

#[test]
fn twenty_thousand_waiters_are_cancelled_in_any_order() {
    let mut random = fastrand::Rng::with_seed(3);
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        let mut receivers: Vec<_> = (0..20_000).map(|_| parked(rx.recv())).collect();
        random.shuffle(&mut receivers);
        let mut last = receivers.pop().unwrap();
        receivers.clear();
        tx.try_send(1).unwrap();
        assert_eq!(last.ready(), Some(1));

        while tx.try_send(0).is_ok() {}
        let mut senders: Vec<_> = (0..20_000).map(|n| parked(tx.send(n))).collect();
        random.shuffle(&mut senders);
        let mut last = senders.pop().unwrap();
        senders.clear();
        assert_eq!(rx.drain().count(), capacity + 1);
        last.ready().unwrap();
    }
}
