//! Messages per second from some senders to some receivers.

use std::time::{Duration, Instant};

use super::{count, send_all, threads, words};
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Capacity, Message, Peer, Shape, VelaMonitored, for_each_peer, spawn};

const GROUP: &str = "Throughput";

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for capacity in [Some(0), Some(1), Some(64), None] {
        for (senders, receivers) in [(1, 1), (4, 1), (4, 4)] {
            cells.push(cell::<u64>(Shape { senders, receivers, capacity }, go, 8));
        }
    }
    let pair = Shape::pair;
    for shape in [pair(Some(64)), Shape { senders: 4, receivers: 4, capacity: Some(64) }, pair(None)] {
        cells.push(cell::<[u64; 8]>(shape, go, 64));
    }
}

fn cell<T: Message>(shape: Shape, go: &Go, bytes: usize) -> Cell {
    let Shape { senders, receivers, capacity } = shape;
    let payload = if bytes == 8 { String::new() } else { format!(", {bytes} bytes") };
    let name = format!("throughput {senders}→{receivers} {}{payload}", words(capacity));
    let mut cell = Cell::new(GROUP, name, Unit::MillionPerSecond);
    let messages = messages(capacity);
    macro_rules! peer {
        ($peer:ty) => {
            add_named::<$peer, T>(&mut cell, <$peer as Peer<T>>::NAME, shape, messages);
        };
    }
    for_each_peer!(peer);
    peer!(VelaMonitored);
    threads::add_throughput::<T>(&mut cell, shape, messages);
    // Go has no unbounded channel: there one that holds all the messages.
    go.add(&mut cell, messages, move |n| {
        let places = capacity.unwrap_or(n);
        format!("throughput {bytes} {senders} {receivers} {places} {n}")
    });
    cell
}

/// Messages of a full run.
fn messages(capacity: Capacity) -> usize {
    match capacity {
        Some(0..=1) => 400_000,
        _ => 3_000_000,
    }
}

pub(super) fn add_named<P: Peer<T>, T: Message>(cell: &mut Cell, name: &'static str, shape: Shape, messages: usize) {
    if !P::fits(shape) {
        return;
    }
    let unit = cell.unit;
    cell.add(name, move |scale: Scale| {
        let each = (scale.of(messages) / shape.senders).max(1);
        let (received, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P, T>(shape, each))?;
        complete(received, each * shape.senders)?;
        Ok(unit.of(each * shape.senders, time))
    });
}

async fn one_run<P: Peer<T>, T: Message>(shape: Shape, each: usize) -> (u64, Duration) {
    let (tx, rx) = P::channel(shape.capacity);
    let receivers: Vec<P::Rx> = (1..shape.receivers).filter_map(|_| P::clone_rx(&rx)).collect();
    let senders: Vec<P::Tx> = (1..shape.senders).filter_map(|_| P::clone_tx(&tx)).collect();
    let start = Instant::now();
    let receiving: Vec<_> =
        std::iter::once(rx).chain(receivers).map(|rx| spawn::<P, T, _>(count::<P, T>(rx))).collect();
    for tx in std::iter::once(tx).chain(senders) {
        spawn::<P, T, _>(send_all::<P, T>(tx, each));
    }
    let mut received = 0;
    for task in receiving {
        received += task.join().await.unwrap_or(0);
    }
    (received, start.elapsed())
}
