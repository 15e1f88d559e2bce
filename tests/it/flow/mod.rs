//! `vela::flow`, and what `vela::sync` shares: in many schedules, in virtual time.

mod exhaustive;
mod fan;
mod pipeline;
mod pool;
#[cfg(feature = "rate-limit")]
mod rate;
mod reports;
mod request;
mod saturated;
mod singleflight;
mod threads;
mod timed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::Receiver;

/// How many there are inside, and how many there were at most.
#[derive(Clone, Default)]
struct Room(Arc<(AtomicUsize, AtomicUsize)>);

impl Room {
    fn enter(&self) -> Inside {
        let now = self.0.0.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.1.fetch_max(now, Ordering::Relaxed);
        Inside(self.clone())
    }

    fn now(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

struct Inside(Room);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All values until the channel is closed.
async fn all<T>(rx: &Receiver<T>) -> Vec<T> {
    let mut values = Vec::new();
    while let Some(value) = rx.recv().await {
        values.push(value);
    }
    values
}

/// Sends 0, 1, … and tells how many were taken before the channel was closed.
fn numbers(capacity: usize, n: u32) -> (Receiver<u32>, vela::task::Task<u32>) {
    let (task, rx) = vela::flow::spawn_with_channel(capacity, async move |tx| {
        for i in 0..n {
            if let Err(error) = tx.send(i).await {
                assert_eq!(error.into_inner(), i, "what was not sent comes back");
                return i;
            }
        }
        n
    });
    (rx, task)
}
