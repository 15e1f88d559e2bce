//! Signals and the bus, in every schedule of small programs.

use std::sync::Arc;

use vela::bus::{EventBus, OnLag};
use vela::prelude::*;
use vela::signal::{self, Batch};
use vela::sim::{Faults, Simulation};

use super::ways::{ALL, every, every_way, join, some};

/// `a + 1` and `a * 10` of one `a`, and of a batch's `b` that is always `a`, whoever sets and looks.
#[test]
fn nobody_sees_half_a_change() {
    let body = || async {
        let (set_a, a) = signal::new(0);
        let (set_b, b) = signal::new(0);
        let diamond = signal::combine((a.map(|n| n + 1), a.map(|n| n * 10), b)).map(|(x, y, b)| {
            assert_eq!(((x - 1) * 10, x - 1), (*y, *b), "in the function");
            *b
        });
        let setters: Vec<_> = [set_a.clone(), set_a]
            .into_iter()
            .enumerate()
            .map(|(who, set_a)| {
                let set_b = set_b.clone();
                go!({
                    let n = who * 10 + 1;
                    Batch::new().set(&set_a, n).set(&set_b, n).commit();
                    vela::task::yield_now().await;
                    Batch::new().modify(&set_a, |n| *n += 1).modify(&set_b, |n| *n += 1).commit();
                })
            })
            .collect();
        drop(set_b);
        let changes = diamond.changes();
        let follower = go!({
            let mut last = 0;
            for n in <-changes { last = n; }
            last
        });
        for setter in setters {
            join(setter).await;
        }
        assert!(join(follower).await.is_none_or(|last| last == diamond.get()));
    };
    every(1, Faults::none(), body);
    every(0, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(1), body);
    some(1_000, ALL, body);
}

#[test]
fn concurrent_modifications_of_two_signals_are_all_there() {
    every_way(|| async {
        let (set_a, a) = signal::new(10_i32);
        let (set_b, b) = signal::new(10_i32);
        let total = signal::combine((a, b)).map(|(a, b)| a + b).distinct();
        let totals = total.subscribe();
        let movers: Vec<_> = [1, 5]
            .into_iter()
            .map(|n| {
                let (set_a, set_b) = (set_a.clone(), set_b.clone());
                go!({
                    vela::task::yield_now().await;
                    Batch::new().modify(&set_a, |a| *a -= n).modify(&set_b, |b| *b += n).commit();
                })
            })
            .collect();
        drop((set_a, set_b));
        vela! { for total in <-totals { assert_eq!(total, 20); } }
        for mover in movers {
            join(mover).await;
        }
    });
}

/// Each value that is seen is newer than the one before, the last one is seen, and then comes the end.
#[test]
fn a_subscription_shows_newer_and_newer_values_and_the_last() {
    every_way(|| async {
        let (setter, signal) = signal::new(0);
        let doubles = signal.map(|n| n * 2).changes();
        let writer = go!({
            for n in 1..=3 {
                (setter <- n).unwrap();
            }
        });
        let mut last = 0;
        vela! { for n in <-doubles { assert!(n > last); last = n; } }
        assert!(join(writer).await.is_none() || last == 6);
    });
}

#[test]
fn who_share_a_subscription_get_each_value_once_and_all_the_end() {
    every_way(|| async {
        let (setter, signal) = signal::new(0);
        let shared = Arc::new(signal.changes());
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                go!({
                    let mut seen = Vec::new();
                    while let Some(n) = shared.recv().await {
                        seen.push(n);
                    }
                    seen
                })
            })
            .collect();
        setter.set(1);
        vela::task::yield_now().await;
        setter.set(2);
        drop(setter);
        let (mut all, mut whole) = (Vec::new(), true);
        for reader in readers {
            match join(reader).await {
                Some(seen) => all.extend(seen),
                None => whole = false,
            }
        }
        all.sort_unstable();
        let mut once = all.clone();
        once.dedup();
        assert_eq!(all, once, "one value twice");
        assert!(!whole || all.last() == Some(&2));
    });
}

#[test]
fn a_wait_for_a_value_ends_when_it_is_there_or_cannot_come() {
    every_way(|| async {
        let (set_a, a) = signal::new(0);
        let (set_b, b) = signal::new(0);
        let waiter = go!(signal::combine((a, b)).wait_for(|(a, b)| a + b == 3));
        let one = go!({
            set_a.set(1);
            vela::task::yield_now().await;
            set_a
        });
        let two = go!({
            vela::task::yield_now().await;
            set_b.set(2);
            set_b
        });
        let kept = (join(one).await, join(two).await);
        let found = if kept.0.is_some() && kept.1.is_some() {
            // Nobody has gone: it is the value that ends the wait.
            join(waiter).await.map(|found| found.is_some())
        } else {
            drop(kept);
            join(waiter).await;
            None
        };
        assert!(found.is_none_or(|found| found));
    });
}

#[test]
fn a_subscription_that_loses_a_select_loses_nothing() {
    every_way(|| async {
        let (setter, signal) = signal::new(0);
        let changes = signal.changes();
        let (tx, rx) = channel(0);
        let writer = go!({
            setter.set(1);
            tx <- 7 else { return };
        });
        let (mut value, mut message) = (0, 0);
        loop {
            select! {
                Some(n) = <-changes => value += n,
                Some(n) = <-rx => message += n,
                closed => break,
            }
        }
        assert!(join(writer).await.is_none() || (value, message) == (1, 7));
    });
}

#[test]
fn each_subscriber_gets_all_events_in_order_and_the_end() {
    let body = || async {
        let bus = EventBus::new();
        let topic = bus.topic::<u32>("numbers").unwrap();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let events = topic.subscribe();
                go!({
                    let mut seen = Vec::new();
                    for n in <-events { seen.push(n.unwrap()); }
                    seen
                })
            })
            .collect();
        drop(topic);
        let writer = go!({
            let topic = bus.topic::<u32>("numbers").unwrap();
            for n in 0..3 {
                (topic <- n).unwrap();
            }
        });
        let whole = join(writer).await.is_some();
        for reader in readers {
            let Some(seen) = join(reader).await else { continue };
            assert!(seen.iter().copied().eq(0..seen.len() as u32));
            assert!(!whole || seen.len() == 3);
        }
    };
    every(1, Faults::none(), body);
    every(0, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

/// What was published is received or counted as missed, whatever the policy.
#[test]
fn every_event_is_received_or_counted() {
    for policy in [OnLag::Skip, OnLag::Newest] {
        every_way(|| async {
            let bus = EventBus::with_capacity(2);
            let events = bus.subscribe::<u64>().on_lag(policy);
            let writer = go!({
                for n in 0..4_u64 {
                    bus.publish(n);
                    if n % 2 == 1 {
                        vela::task::yield_now().await;
                    }
                }
            });
            let mut seen = Vec::new();
            vela! { for n in <-events { seen.push(n); } }
            assert!(seen.is_sorted());
            if join(writer).await.is_some() {
                assert_eq!((seen.len() as u64 + events.lagged_total(), seen.last()), (4, Some(&3)));
            }
        });
    }
}

#[test]
fn who_closes_on_lag_gets_what_is_in_order_up_to_there() {
    every_way(|| async {
        let bus = EventBus::with_capacity(1);
        let events = bus.subscribe::<u64>().on_lag(OnLag::Close);
        let writer = go!(clone(bus) {
            for n in 0..3_u64 {
                bus.publish(n);
                vela::task::yield_now().await;
            }
        });
        drop(bus);
        let mut seen = 0;
        vela! { for n in <-events { assert_eq!(n, seen); seen += 1; } }
        let done = join(writer).await.is_some();
        assert!(!done || (seen == 3) == (events.lagged_total() == 0));
        assert_eq!(events.recv().await, None);
    });
}

#[test]
fn a_topic_that_goes_while_another_subscribes_is_there_again() {
    every_way(|| async {
        let bus = EventBus::new();
        let leaver =
            go!(clone(bus) { let events = bus.subscribe::<u8>(); vela::task::yield_now().await; drop(events); });
        let comer = go!(clone(bus) {
            let events = bus.subscribe::<u8>();
            vela::task::yield_now().await;
            assert!(bus.publish(1_u8) >= 1);
            assert_eq!(events.recv().await, Some(Ok(1)));
        });
        join(leaver).await;
        join(comer).await;
        assert_eq!(bus.topic_count(), 0);
    });
}

/// A report names the operation and the line.
#[test]
fn deadlocks_on_signals_and_buses_read_well() {
    let report = |body: &dyn Fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        Simulation::new().schedules(3).check(body).unwrap_err().to_string()
    };
    let recv = report(&|| {
        Box::pin(async {
            let (_setter, signal) = signal::new(1);
            signal.changes().recv().await;
        })
    });
    assert!(recv.contains("DEADLOCK") && recv.contains("signal recv at"), "{recv}");
    let wait = report(&|| {
        Box::pin(async {
            let (_setter, signal) = signal::new(1);
            signal.wait_for(|n| *n == 2).await;
        })
    });
    assert!(wait.contains("signal wait_for at"), "{wait}");
    let bus = report(&|| {
        Box::pin(async {
            let bus = EventBus::new();
            let events = bus.subscribe::<u8>();
            vela!(<-events);
        })
    });
    assert!(bus.contains("bus recv at") && bus.contains("kinds.rs"), "{bus}");
}
