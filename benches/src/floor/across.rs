//! What it takes to hand something to the other core.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::harness::Outcome;

/// The two cores, or why there are not two.
fn two_cores() -> Result<[core_affinity::CoreId; 2], String> {
    match core_affinity::get_core_ids().as_deref() {
        Some([first, second, ..]) => Ok([*first, *second]),
        _ => Err("there are no two cores".to_owned()),
    }
}

/// Runs `other` on the second core and `measuring` on the first: its nanoseconds, over `times`.
fn beside(times: u64, other: impl FnOnce() + Send, measuring: impl FnOnce() + Send) -> Outcome {
    let [first, second] = two_cores()?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            core_affinity::set_for_current(second);
            other();
        });
        let measuring = scope.spawn(move || {
            core_affinity::set_for_current(first);
            let start = Instant::now();
            measuring();
            start.elapsed().as_nanos() as f64 / times as f64
        });
        measuring.join().map_err(|_| "panicked".to_owned())
    })
}

/// A cache line goes to the other core and back.
pub(super) fn cache_line_round_trip() -> Outcome {
    const TRIPS: u64 = 200_000;
    let line = AtomicU64::new(0);
    // Acquire and release: as a message would.
    let wait_for = |value| {
        while line.load(Ordering::Acquire) != value {
            std::hint::spin_loop();
        }
    };
    let back = || {
        for trip in 0..TRIPS {
            wait_for(2 * trip + 1);
            line.store(2 * trip + 2, Ordering::Release);
        }
    };
    let forth = || {
        for trip in 0..TRIPS {
            line.store(2 * trip + 1, Ordering::Release);
            wait_for(2 * trip + 2);
        }
    };
    beside(TRIPS, back, forth)
}

const SLOTS: usize = 64;

/// So that the two indices are not in one pair of cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Index(AtomicUsize);

/// One sender, one receiver, each with its own copy of the other's index.
struct Ring {
    slots: [AtomicU64; SLOTS],
    sent: Index,
    received: Index,
}

/// A message through the ring.
pub(super) fn ring() -> Outcome {
    const MESSAGES: usize = 5_000_000;
    let ring = Ring { slots: [const { AtomicU64::new(0) }; SLOTS], sent: Index::default(), received: Index::default() };
    let send = || {
        let mut received = 0;
        for n in 0..MESSAGES {
            while n - received == SLOTS {
                received = ring.received.0.load(Ordering::Acquire);
                std::hint::spin_loop();
            }
            ring.slots[n % SLOTS].store(n as u64, Ordering::Relaxed);
            // Release: the slot is written before the receiver sees the index (its Acquire below).
            ring.sent.0.store(n + 1, Ordering::Release);
        }
    };
    let receive = || {
        let mut sent = 0;
        for n in 0..MESSAGES {
            while n == sent {
                sent = ring.sent.0.load(Ordering::Acquire);
                std::hint::spin_loop();
            }
            std::hint::black_box(ring.slots[n % SLOTS].load(Ordering::Relaxed));
            // Release: the slot is read before the sender sees it as free (its Acquire above).
            ring.received.0.store(n + 1, Ordering::Release);
        }
    };
    beside(MESSAGES as u64, send, receive)
}

/// The free of a block that the other core has allocated.
pub(super) fn foreign_free() -> Outcome {
    const BLOCKS: u64 = 200_000;
    let [first, second] = two_cores()?;
    std::thread::scope(|scope| {
        let allocating = scope.spawn(move || {
            core_affinity::set_for_current(second);
            (0..BLOCKS).map(|n| Box::new([n; 8])).collect::<Vec<_>>()
        });
        let blocks = allocating.join().map_err(|_| "panicked".to_owned())?;
        let freeing = scope.spawn(move || {
            core_affinity::set_for_current(first);
            let start = Instant::now();
            drop(blocks);
            start.elapsed().as_nanos() as f64 / BLOCKS as f64
        });
        freeing.join().map_err(|_| "panicked".to_owned())
    })
}
