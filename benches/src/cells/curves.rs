//! How the cost grows: over parked tasks, channels, producers on one channel, and arms of a select.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::{count, select, send_all, throughput};
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, complete, on_runtime_as};
use crate::peer::{Peer, Shape, Tokio, Vela, VelaOnTokio, spawn};

const MESSAGES: usize = 1_000_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for tasks in [1_000, 10_000, 100_000, 1_000_000] {
        let mut cell = Cell::point("parked tasks", tasks);
        add_parked::<Vela>(&mut cell, tasks);
        add_parked::<VelaOnTokio>(&mut cell, tasks);
        add_parked::<Tokio>(&mut cell, tasks);
        go.add(&mut cell, MESSAGES, move |n| format!("parked {} {n}", few(tasks, n)));
        cells.push(cell);
    }
    for channels in [1, 10, 100, 1_000, 10_000, 100_000] {
        let mut cell = Cell::point("channels, a pair of tasks each, cap 64", channels);
        add_pairs::<Vela>(&mut cell, channels);
        add_pairs::<VelaOnTokio>(&mut cell, channels);
        add_pairs::<Tokio>(&mut cell, channels);
        go.add(&mut cell, 2 * MESSAGES, move |n| format!("pairs {} {n}", few(channels, n)));
        cells.push(cell);
    }
    for senders in [1, 10, 100, 1_000] {
        let mut cell = Cell::point("producers on one channel, cap 64", senders);
        let shape = Shape { senders, ..Shape::pair(Some(64)) };
        throughput::add_named::<Vela, u64>(&mut cell, "vela", shape, 2 * MESSAGES);
        throughput::add_named::<VelaOnTokio, u64>(&mut cell, "vela on tokio", shape, 2 * MESSAGES);
        throughput::add_named::<Tokio, u64>(&mut cell, "tokio", shape, 2 * MESSAGES);
        go.add(&mut cell, 2 * MESSAGES, move |n| format!("throughput 8 {senders} 1 64 {}", n.max(senders)));
        cells.push(cell);
    }
    for arms in [1, 2, 8, 32, 64, 128] {
        let mut cell = Cell::point("arms of a select, cap 64", arms);
        select::add_point(&mut cell, arms, Some(64), go);
        cells.push(cell);
    }
}

/// At most one for each message, where a smoke run has few.
fn few(number: usize, messages: usize) -> usize {
    if messages < MESSAGES / 100 { number.min(messages) } else { number }
}

/// One task wakes parked ones, each with its own channel, in random order, on one thread.
fn add_parked<P: Peer>(cell: &mut Cell, tasks: usize) {
    let unit = cell.unit;
    cell.add(P::NAME, move |scale: Scale| {
        let messages = scale.of(MESSAGES);
        let tasks = few(tasks, messages);
        let passes = (messages / tasks).max(1);
        let (woken, time) = on_runtime_as(P::GO, Flavor::Current, scale, parked::<P>(tasks, passes))?;
        complete(woken, passes * tasks)?;
        Ok(unit.of(passes * tasks, time))
    });
}

async fn parked<P: Peer>(tasks: usize, passes: usize) -> (u64, Duration) {
    let woken = Arc::new(AtomicUsize::new(0));
    let mut senders = Vec::with_capacity(tasks);
    for _ in 0..tasks {
        let (tx, mut rx) = P::channel(Some(1));
        senders.push(tx);
        let woken = woken.clone();
        spawn::<P, u64, _>(async move {
            while P::recv(&mut rx).await.is_some() {
                woken.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    fastrand::Rng::with_seed(1).shuffle(&mut senders);
    // All tasks have run once, and are parked, when this one comes round again.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    let start = Instant::now();
    for pass in 1..=passes {
        for tx in &mut senders {
            P::send(tx, 1).await;
        }
        while woken.load(Ordering::Relaxed) < pass * tasks {
            tokio::task::yield_now().await;
        }
    }
    (woken.load(Ordering::Relaxed) as u64, start.elapsed())
}

/// As many messages through each of the channels, all at once, on two workers.
fn add_pairs<P: Peer>(cell: &mut Cell, channels: usize) {
    let unit = cell.unit;
    cell.add(P::NAME, move |scale: Scale| {
        let messages = scale.of(2 * MESSAGES);
        let channels = few(channels, messages);
        let each = (messages / channels).max(20);
        let (received, time) = on_runtime_as(P::GO, Flavor::Multi, scale, pairs::<P>(channels, each))?;
        complete(received, each * channels)?;
        Ok(unit.of(each * channels, time))
    });
}

async fn pairs<P: Peer>(channels: usize, each: usize) -> (u64, Duration) {
    let gate = Arc::new(Semaphore::new(0));
    let mut receiving = Vec::with_capacity(channels);
    for _ in 0..channels {
        let (tx, rx) = P::channel(Some(64));
        receiving.push(spawn::<P, u64, _>(count::<P, u64>(rx)));
        let gate = gate.clone();
        spawn::<P, u64, _>(async move {
            // Closed when all tasks are there: starting them is not part of the figure.
            drop(gate.acquire().await);
            send_all::<P, u64>(tx, each).await;
        });
    }
    let start = Instant::now();
    gate.close();
    let mut received = 0;
    for task in receiving {
        received += task.join().await.unwrap_or(0);
    }
    (received, start.elapsed())
}
