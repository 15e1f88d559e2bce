//! Go's idioms, written in the language.

use vela::prelude::*;

use crate::select::probe::{CAPACITIES, of_capacity, on_each_runtime};

#[test]
fn a_chain_of_ten_thousand_tasks_collapses() {
    on_each_runtime(|| async {
        let (leftmost, result) = channel(0);
        let mut left = leftmost;
        for _ in 0..10_000 {
            let (tx, right) = channel(0);
            go! { left <- (<-right).map_or(0, |n: u32| n + 1) else { return }; };
            left = tx;
        }
        vela! { left <- 1 else { unreachable!() }; }
        assert_eq!(vela!(<-result), Some(10_001));
    });
}

#[test]
fn the_prime_sieve_sieves() {
    on_each_runtime(|| async {
        for capacity in [0, 1] {
            let (tx, mut numbers) = of_capacity(capacity);
            go! { for n in 2.. { tx <- n else { break }; } };
            let mut primes = Vec::new();
            for _ in 0..60 {
                let prime: u32 = vela!(<-numbers).unwrap();
                primes.push(prime);
                let (tx, filtered) = of_capacity(capacity);
                go! {
                    for n in <-numbers {
                        if n % prime != 0 { tx <- n else { break }; }
                    }
                };
                numbers = filtered;
            }
            assert_eq!(primes[..10], [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
            assert_eq!(primes[59], 281);
        }
    });
}

#[test]
fn a_daisy_chain_keeps_the_order() {
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let (first, mut last) = of_capacity(capacity);
            for _ in 0..20 {
                let (tx, rx) = of_capacity(capacity);
                let from = last;
                go! { for n in <-from { tx <- n else { break }; } };
                last = rx;
            }
            go! { for n in 0..500 { first <- n else { return }; } };
            let mut expected = 0;
            vela! { for n in <-last { assert_eq!(n, expected); expected += 1; } }
            assert_eq!(expected, 500);
        }
    });
}

/// A worker pool that is told to stop by closing a channel nobody sends on.
#[test]
fn a_closed_channel_tells_all_to_stop() {
    on_each_runtime(|| async {
        let (quit, stop) = channel::<()>(0);
        let (jobs, work) = channel(0);
        let (out, results) = unbounded();
        let workers: Vec<_> = (0..5)
            .map(|_| {
                go!(clone(work, stop, out) {
                    let mut done = 0;
                    loop {
                        select! {
                            Some(n) = <-work => { out <- n * 2 else { return done }; done += 1; }
                            _ = <-stop => return done,
                        }
                    }
                })
            })
            .collect();
        for n in 0..100_u32 {
            jobs.send(n).await.unwrap();
        }
        let mut sum = 0;
        for _ in 0..100 {
            sum += vela!(<-results).unwrap();
        }
        drop(quit);
        let mut done = 0;
        for worker in workers {
            done += worker.await.unwrap();
        }
        assert_eq!((sum, done), (9_900, 100));
    });
}

/// Go's generator with a quit channel: the consumer leaves first.
#[test]
fn a_producer_ends_when_its_consumer_leaves() {
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let (tx, rx) = of_capacity(capacity);
            let producer = go! {
                let (mut a, mut b) = (0_u64, 1_u64);
                loop {
                    tx <- a else { return b };
                    (a, b) = (b, a.wrapping_add(b));
                    if capacity == usize::MAX { tokio::task::yield_now().await; }
                }
            };
            let mut fibonacci = Vec::new();
            vela! { for n in <-rx { fibonacci.push(n); if n > 50 { break; } } }
            drop(rx);
            assert_eq!(fibonacci, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55]);
            assert!(producer.await.unwrap() > 34);
        }
    });
}
