//! Sending and receiving many at a time: batches of 64, one task on either side.

use std::collections::VecDeque;
use std::future::Future;
use std::time::{Duration, Instant};

use super::{throughput, words};
use crate::harness::{Cell, Flavor, Outcome, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Tokio, TokioUnbounded, Vela, VelaOnTokio, spawn};

const BATCH: usize = 64;
const MESSAGES: usize = 6_000_000;

pub(super) fn add(cells: &mut Vec<Cell>) {
    for capacity in [Some(64), None] {
        let name = format!("bulk send and receive 1→1 {}", words(capacity));
        let mut cell = Cell::new("Bulk", name, Unit::MillionPerSecond);
        cell.add("vela", move |scale| measured_as(true, scale, move |n| vela::<Vela>(capacity, n)));
        cell.add("vela on tokio", move |scale| measured(scale, move |n| vela::<VelaOnTokio>(capacity, n)));
        add_single::<Vela>(&mut cell, "vela single", capacity);
        match capacity {
            Some(places) => {
                cell.add("tokio", move |scale| measured(scale, move |n| tokio_bounded(places, n)));
                add_single::<Tokio>(&mut cell, "tokio single", capacity);
            }
            None => {
                cell.add("tokio", |scale| measured(scale, tokio_unbounded));
                add_single::<TokioUnbounded>(&mut cell, "tokio single", capacity);
            }
        }
        cell.add("kanal", move |scale| measured(scale, move |n| kanal(capacity, n)));
        cell.add("flume", move |scale| measured(scale, move |n| flume(capacity, n)));
        cell.add("loole", move |scale| measured(scale, move |n| loole(capacity, n)));
        cells.push(cell);
    }
}

fn add_single<P: Peer>(cell: &mut Cell, name: &'static str, capacity: Capacity) {
    throughput::add_named::<P, u64>(cell, name, Shape::pair(capacity), MESSAGES / 2);
}

/// Runs with so many batches.
fn measured<F>(scale: Scale, run: impl FnOnce(usize) -> F) -> Outcome
where
    F: Future<Output = (u64, Duration)> + Send + 'static,
{
    measured_as(false, scale, run)
}

/// As [`measured`]; `go`: in Vela's tasks.
fn measured_as<F>(go: bool, scale: Scale, run: impl FnOnce(usize) -> F) -> Outcome
where
    F: Future<Output = (u64, Duration)> + Send + 'static,
{
    let batches = (scale.of(MESSAGES) / BATCH).max(1);
    let (received, time) = on_runtime_as(go, Flavor::Multi, scale, run(batches))?;
    complete(received, batches * BATCH)?;
    Ok(Unit::MillionPerSecond.of(batches * BATCH, time))
}

/// Starts both sides; how many messages came out, in what time.
async fn beside<P: Peer>(
    sending: impl Future<Output = ()> + Send + 'static,
    receiving: impl Future<Output = u64> + Send + 'static,
) -> (u64, Duration) {
    let start = Instant::now();
    let receiving = spawn::<P, u64, _>(receiving);
    spawn::<P, u64, _>(sending);
    (receiving.join().await.unwrap_or(0), start.elapsed())
}

fn batch() -> impl Iterator<Item = u64> {
    0..BATCH as u64
}

async fn vela<P: Peer>(capacity: Capacity, batches: usize) -> (u64, Duration) {
    let (tx, rx) = capacity.map_or_else(vela::unbounded, vela::channel);
    let sending = async move {
        let mut values = VecDeque::with_capacity(BATCH);
        for _ in 0..batches {
            values.extend(batch());
            if tx.send_all(&mut values).await.is_err() {
                return;
            }
        }
    };
    let receiving = async move {
        let (mut values, mut received) = (Vec::with_capacity(BATCH), 0);
        while rx.recv_many(&mut values, BATCH).await > 0 {
            received += values.drain(..).inspect(look).count() as u64;
        }
        received
    };
    beside::<P>(sending, receiving).await
}

fn look(value: &u64) {
    std::hint::black_box(value);
}

async fn tokio_bounded(places: usize, batches: usize) -> (u64, Duration) {
    let (tx, mut rx) = tokio::sync::mpsc::channel(places);
    let sending = async move {
        for _ in 0..batches {
            match tx.reserve_many(BATCH).await {
                Ok(permits) => permits.zip(batch()).for_each(|(permit, value)| permit.send(value)),
                Err(_) => return,
            }
        }
    };
    let receiving = async move {
        let (mut values, mut received) = (Vec::with_capacity(BATCH), 0);
        while rx.recv_many(&mut values, BATCH).await > 0 {
            received += values.drain(..).inspect(look).count() as u64;
        }
        received
    };
    beside::<Tokio>(sending, receiving).await
}

async fn tokio_unbounded(batches: usize) -> (u64, Duration) {
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    let sending = async move {
        for _ in 0..batches {
            for value in batch() {
                if tx.send(value).is_err() {
                    return;
                }
            }
        }
    };
    let receiving = async move {
        let (mut values, mut received) = (Vec::with_capacity(BATCH), 0);
        while rx.recv_many(&mut values, BATCH).await > 0 {
            received += values.drain(..).inspect(look).count() as u64;
        }
        received
    };
    beside::<Tokio>(sending, receiving).await
}

async fn kanal(capacity: Capacity, batches: usize) -> (u64, Duration) {
    let (tx, rx) = capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async);
    let sending = async move {
        for _ in 0..batches {
            for value in batch() {
                if tx.send(value).await.is_err() {
                    return;
                }
            }
        }
    };
    let receiving = async move {
        let (mut values, mut received) = (Vec::with_capacity(BATCH), 0);
        while let Ok(value) = rx.recv().await {
            look(&value);
            received += 1;
            if rx.drain_into(&mut values).is_ok() {
                received += values.drain(..).inspect(look).count() as u64;
            }
        }
        received
    };
    beside::<Tokio>(sending, receiving).await
}

/// Flume and loole take what is there at once, and send one by one.
macro_rules! draining {
    ($library:ident) => {
        async fn $library(capacity: Capacity, batches: usize) -> (u64, Duration) {
            let (tx, rx) = capacity.map_or_else($library::unbounded, $library::bounded);
            let sending = async move {
                for _ in 0..batches {
                    for value in batch() {
                        if tx.send_async(value).await.is_err() {
                            return;
                        }
                    }
                }
            };
            let receiving = async move {
                let mut received = 0;
                while let Ok(value) = rx.recv_async().await {
                    look(&value);
                    received += 1 + rx.drain().inspect(look).count() as u64;
                }
                received
            };
            beside::<Tokio>(sending, receiving).await
        }
    };
}

draining!(flume);
draining!(loole);
