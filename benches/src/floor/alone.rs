//! What one core takes alone.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::harness::{Flavor, Outcome, Scale, on_runtime};

const TIMES: u64 = 2_000_000;

/// Nanoseconds of a call.
fn each(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..TIMES {
        work();
    }
    start.elapsed().as_nanos() as f64 / TIMES as f64
}

pub(super) fn read_modify_write() -> f64 {
    let word = AtomicU64::new(0);
    each(|| {
        black_box(&word).fetch_add(1, Ordering::AcqRel);
    })
}

pub(super) fn std_mutex() -> f64 {
    let mutex = std::sync::Mutex::new(0_u64);
    each(|| {
        if let Ok(mut count) = black_box(&mutex).lock() {
            *count += 1;
        }
    })
}

pub(super) fn parking_lot_mutex() -> f64 {
    let mutex = parking_lot::Mutex::new(0_u64);
    each(|| *black_box(&mutex).lock() += 1)
}

pub(super) fn malloc_and_free() -> f64 {
    each(|| drop(black_box(Box::new([0_u64; 8]))))
}

pub(super) fn waker_clone() -> Outcome {
    on_runtime(Flavor::Current, Scale::Quick, async {
        std::future::poll_fn(|cx| std::task::Poll::Ready(each(|| drop(black_box(cx.waker().clone()))))).await
    })
}
