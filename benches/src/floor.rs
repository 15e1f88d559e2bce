//! What the machine itself takes, beside the figures: two cores that are far apart move two-core cells by a factor 2.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds for a cache line to go to the other core and back. `None`: there is no other core.
pub(crate) fn cache_line_round_trip() -> Option<f64> {
    const TRIPS: u64 = 200_000;
    let cores = core_affinity::get_core_ids()?;
    let [first, second, ..] = cores[..] else { return None };
    let line = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            core_affinity::set_for_current(second);
            for trip in 0..TRIPS {
                // Acquire and release: as a message would.
                while line.load(Ordering::Acquire) != 2 * trip + 1 {
                    std::hint::spin_loop();
                }
                line.store(2 * trip + 2, Ordering::Release);
            }
        });
        let measuring = scope.spawn(|| {
            core_affinity::set_for_current(first);
            let start = Instant::now();
            for trip in 0..TRIPS {
                line.store(2 * trip + 1, Ordering::Release);
                while line.load(Ordering::Acquire) != 2 * trip + 2 {
                    std::hint::spin_loop();
                }
            }
            start.elapsed().as_nanos() as f64 / TRIPS as f64
        });
        measuring.join().ok()
    })
}
