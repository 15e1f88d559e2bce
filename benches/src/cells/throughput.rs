//! Messages per second from some senders to some receivers.

use std::time::{Duration, Instant};

use super::words;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime};
use crate::peer::{Capacity, Peer, for_each_peer};

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for capacity in [Some(0), Some(1), Some(64), None] {
        for (senders, receivers) in [(1, 1), (4, 1), (4, 4)] {
            let name = format!("throughput {senders}→{receivers} {}", words(capacity));
            let mut cell = Cell::new(name, Unit::MillionPerSecond);
            let messages = messages(capacity);
            macro_rules! peer {
                ($peer:ty) => {
                    add_peer::<$peer>(&mut cell, capacity, senders, receivers, messages);
                };
            }
            for_each_peer!(peer);
            // Go has no unbounded channel: there one that holds all the messages.
            go.add(&mut cell, messages, move |n| {
                let places = capacity.unwrap_or(n);
                format!("throughput {senders} {receivers} {places} {n}")
            });
            cells.push(cell);
        }
    }
}

/// Messages of a full run.
fn messages(capacity: Capacity) -> usize {
    match capacity {
        Some(0..=1) => 300_000,
        _ => 2_000_000,
    }
}

fn add_peer<P: Peer>(cell: &mut Cell, capacity: Capacity, senders: usize, receivers: usize, messages: usize) {
    if !P::fits(capacity) || cell.contenders.iter().any(|c| c.name == P::NAME && receivers > 1) {
        return;
    }
    if receivers > 1 && P::share(&P::channel(capacity).1).is_none() {
        return;
    }
    // With one receiver the types made for that stand in for the general ones.
    cell.contenders.retain(|contender| contender.name != P::NAME);
    cell.add(P::NAME, move |scale: Scale| {
        let each = scale.of(messages) / senders;
        let work = one_run::<P>(capacity, senders, receivers, each);
        let (received, time) = on_runtime(Flavor::Multi, scale, work)?;
        complete(received, each * senders)?;
        Ok(Unit::MillionPerSecond.of(each * senders, time))
    });
}

async fn one_run<P: Peer>(capacity: Capacity, senders: usize, receivers: usize, each: usize) -> (u64, Duration) {
    let (tx, rx) = P::channel(capacity);
    let start = Instant::now();
    let mut receiving = Vec::new();
    let others: Vec<P::Rx> = (1..receivers).filter_map(|_| P::share(&rx)).collect();
    for mut rx in std::iter::once(rx).chain(others) {
        receiving.push(tokio::spawn(async move {
            let mut received = 0;
            while P::recv(&mut rx).await.is_some() {
                received += 1;
            }
            received
        }));
    }
    for _ in 0..senders {
        let mut tx = tx.clone();
        tokio::spawn(async move {
            for n in 0..each as u64 {
                if !P::send(&mut tx, n).await {
                    return;
                }
            }
        });
    }
    drop(tx);
    let mut received = 0;
    for task in receiving {
        received += task.await.unwrap_or(0);
    }
    (received, start.elapsed())
}
