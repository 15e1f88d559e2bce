//! Selects on monitored channels: what is counted is what happened, in whatever way a select came about it.

use std::sync::atomic::{AtomicU64, Ordering};

use vela::Overflow;
use vela::prelude::*;

const EACH: u64 = 10_000;

/// Tasks that meet in selects on the same channels, on threads of their own; some arms lose, some selects are given up.
#[test]
fn counters_of_channels_in_selects_are_exact() {
    for capacity in [0, 1, 2, 16] {
        let name = |which: &str| format!("select.{which}.{capacity}");
        let make = |which: &str| Channel::<u64>::bounded(capacity).name(name(which)).build().unwrap();
        let ((one, one_rx), (two, two_rx)) = (make("one"), make("two"));
        let policy = if capacity == 0 { Overflow::Block } else { Overflow::DropOldest };
        let lossy = Channel::<u64>::bounded(capacity).name(name("lossy")).overflow(policy);
        let (lossy, lossy_rx) = lossy.build().unwrap();
        let monitors = [one.monitor().unwrap(), two.monitor().unwrap(), lossy.monitor().unwrap()];
        let (sent, got) = ([const { AtomicU64::new(0) }; 3], [const { AtomicU64::new(0) }; 3]);
        let count = |counts: &[AtomicU64; 3], which: usize| {
            counts[which].fetch_add(1, Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (one, two, lossy) = (one.clone(), two.clone(), lossy.clone());
                let (sent, count) = (&sent, &count);
                scope.spawn(move || {
                    vela::block_on(async {
                        for n in 0..EACH {
                            let which = select! {
                                r = one <- n => { r.unwrap(); 0 }
                                r = two <- n => { r.unwrap(); 1 }
                                r = lossy <- n => { r.unwrap(); 2 }
                            };
                            count(sent, which);
                        }
                    });
                });
            }
            for _ in 0..2 {
                let (one, two, lossy) = (one_rx.clone(), two_rx.clone(), lossy_rx.clone());
                let (got, count) = (&got, &count);
                scope.spawn(move || {
                    vela::block_on(async {
                        let (mut one, mut two, mut lossy) = (Some(one), Some(two), Some(lossy));
                        while one.is_some() || two.is_some() || lossy.is_some() {
                            let (which, value) = select! {
                                value = <-one => (0, value),
                                value = <-two => (1, value),
                                value = <-lossy => (2, value),
                            };
                            match (value, which) {
                                (Some(_), _) => count(got, which),
                                (None, 0) => one = None,
                                (None, 1) => two = None,
                                (None, _) => lossy = None,
                            }
                        }
                    });
                });
            }
            drop((one, two, lossy));
        });
        for (which, monitor) in monitors.iter().enumerate() {
            let (sent, got) = (sent[which].load(Ordering::Relaxed), got[which].load(Ordering::Relaxed));
            let seen = monitor.snapshot();
            assert_eq!((seen.sent, seen.received, seen.depth), (sent, got, 0), "{seen:?}");
            assert_eq!(seen.sent, seen.received + seen.dropped, "{seen:?}");
            assert!(seen.high_water <= capacity.max(1), "{seen:?}");
        }
    }
}
