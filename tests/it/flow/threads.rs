//! On real threads: everything comes through, and comes to an end.

use vela::flow;
use vela::prelude::*;
use vela::sync::{Pool, Singleflight};

use super::{Room, all, numbers};
use crate::select::probe::on_each_runtime;

const VALUES: u32 = 3000;

#[test]
fn a_pipeline_loses_nothing() {
    on_each_runtime(|| async {
        for capacity in [0, 1, 10] {
            let (rx, sent) = numbers(capacity, VALUES);
            let (out, pipeline) =
                flow::from(rx).capacity(capacity).map_unordered(4, async |n| n).map(4, async |n| n).into_receiver();
            let mut got = all(&out).await;
            got.sort_unstable();
            assert!(got.into_iter().eq(0..VALUES));
            pipeline.join().await.unwrap();
            assert_eq!(sent.await.unwrap(), VALUES);

            let (rx, _sent) = numbers(capacity, VALUES);
            let (out, pipeline) =
                flow::from(rx).capacity(capacity).map(4, async |n| n).map(3, async |n| n).into_receiver();
            assert!(all(&out).await.into_iter().eq(0..VALUES));
            pipeline.join().await.unwrap();
        }
    });
}

#[test]
fn a_pipeline_ends_with_its_consumer_or_its_first_failure() {
    on_each_runtime(|| async {
        for n in 0..200 {
            let (rx, sent) = numbers(1, u32::MAX);
            let (out, pipeline) = flow::from(rx).map(2, async |n| n).map_unordered(2, async |n| n).into_receiver();
            for _ in 0..n % 7 {
                assert!(out.recv().await.is_some());
            }
            drop(out);
            pipeline.join().await.unwrap();
            assert!(sent.await.unwrap() < 100);

            let (rx, sent) = numbers(1, u32::MAX);
            let fails = move |v| async move { if v == n % 7 { Err("enough") } else { Ok(v) } };
            let (out, pipeline) = flow::from(rx).try_map(3, fails).map(2, async |n| n).into_receiver();
            assert!(all(&out).await.len() <= 7);
            assert_eq!(pipeline.join().await.unwrap_err().to_string(), "enough");
            assert!(sent.await.unwrap() < 100);
        }
    });
}

#[test]
fn copies_and_merged_receivers_lose_nothing() {
    on_each_runtime(|| async {
        for capacity in [0, 1, 10] {
            let (rx, _sent) = numbers(capacity, VALUES);
            let (outputs, pipeline) = flow::fan_out_all(rx, 3, capacity);
            let mut merged = flow::fan_in(outputs);
            let mut sum = 0_u64;
            while let Some(n) = merged.recv().await {
                sum += u64::from(n);
            }
            assert_eq!(sum, 3 * u64::from(VALUES) * u64::from(VALUES - 1) / 2);
            pipeline.join().await.unwrap();
        }
    });
}

#[test]
fn a_pool_lends_each_resource_to_one() {
    on_each_runtime(|| async {
        let room = Room::default();
        let pool = Pool::new(2, {
            let room = room.clone();
            move || {
                let inside = room.enter();
                async move { Ok::<_, std::fmt::Error>((inside, 0_u32)) }
            }
        });
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                go!(clone(pool) {
                    for _ in 0..300 {
                        let mut got = pool.get().await.unwrap();
                        got.1 += 1;
                        vela::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let (a, b) = (pool.get().await.unwrap(), pool.get().await.unwrap());
        assert_eq!((a.1 + b.1, room.most()), (2400, 2));
    });
}

#[test]
fn a_flight_is_shared_by_those_who_come_while_it_lasts() {
    on_each_runtime(|| async {
        let flights = Singleflight::<u8, u8>::new();
        let room = Room::default();
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                go!(clone(flights, room) {
                    for i in 0..200 {
                        let room = room.clone();
                        let work = move || async move {
                            let _inside = room.enter();
                            vela::task::yield_now().await;
                            7
                        };
                        let call = flights.run(1, work);
                        if (i + n) % 3 == 0 {
                            // Leaves in the middle.
                            select! { r = <-call => assert_eq!(r, Ok(7)), _ = vela::task::yield_now() => {} }
                        } else {
                            assert_eq!(call.await, Ok(7));
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((flights.in_flight(), room.now(), room.most()), (0, 0, 1));
    });
}
