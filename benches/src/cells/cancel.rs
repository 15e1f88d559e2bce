//! Many tasks wait to receive from one channel; all are cancelled at once.

use std::time::{Duration, Instant};

use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Peer, Shape, Spawned, for_each_rival, spawn};

const WAITERS: usize = 20_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    let mut cell = Cell::new("Cancellation", "mass cancel of 20,000 waiters, each", Unit::Nanoseconds);
    add_peer::<crate::peer::Vela>(&mut cell);
    macro_rules! peer {
        ($peer:ty) => {
            add_peer::<$peer>(&mut cell);
        };
    }
    for_each_rival!(peer);
    go.add_scaled(&mut cell, waiters, |n| format!("cancel {n}"));
    cells.push(cell);
}

/// The number is part of what is measured.
fn waiters(scale: Scale) -> usize {
    if scale == Scale::Smoke { 100 } else { WAITERS }
}

fn add_peer<P: Peer>(cell: &mut Cell) {
    if !P::fits(Shape { receivers: WAITERS, ..Shape::pair(Some(1)) }) {
        return;
    }
    cell.add(P::NAME, |scale: Scale| {
        let n = waiters(scale);
        let (cancelled, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P>(n))?;
        complete(cancelled, n)?;
        Ok(Unit::Nanoseconds.of(n, time))
    });
}

async fn one_run<P: Peer>(n: usize) -> (u64, Duration) {
    let (tx, rx) = P::channel(Some(1));
    let started = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let waiting: Vec<_> = (0..n)
        .filter_map(|_| P::clone_rx(&rx))
        .map(|mut rx| {
            let started = started.clone();
            spawn::<P, u64, _>(async move {
                started.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                P::recv(&mut rx).await
            })
        })
        .collect();
    while started.load(std::sync::atomic::Ordering::Relaxed) < n {
        tokio::task::yield_now().await;
    }
    // The last one to start may still be on its way into its first poll.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    waiting.iter().for_each(Spawned::abort);
    let mut cancelled = 0;
    for task in waiting {
        cancelled += u64::from(task.join().await.is_none());
    }
    let time = start.elapsed();
    drop(tx);
    (cancelled, time)
}
