//! A daisy chain that lives: messages go one by one through a line of tasks, each of which adds 1.

use std::time::{Duration, Instant};

use super::words;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Vela, VelaOnTokio, for_each_paired_rival, spawn};

const TASKS: usize = 1_000;
const HOPS: usize = 1_000_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for capacity in [Some(0), Some(1)] {
        let name = format!("daisy chain {}, a hop", words(capacity));
        let mut cell = Cell::new("Programs", name, Unit::Nanoseconds);
        macro_rules! peer {
            ($peer:ty) => {
                add_peer::<$peer>(&mut cell, capacity);
            };
        }
        peer!(Vela);
        peer!(VelaOnTokio);
        for_each_paired_rival!(peer);
        let places = capacity.unwrap_or(0);
        go.add(&mut cell, HOPS, move |n| format!("chain {places} {TASKS} {}", rounds(n)));
        cells.push(cell);
    }
}

fn rounds(hops: usize) -> usize {
    (hops / TASKS).max(1)
}

fn add_peer<P: Peer>(cell: &mut Cell, capacity: Capacity) {
    if !P::fits(Shape::pair(capacity)) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let rounds = rounds(scale.of(HOPS));
        let (hops, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P>(capacity, rounds))?;
        complete(hops, rounds * TASKS)?;
        Ok(Unit::Nanoseconds.of(rounds * TASKS, time))
    });
}

async fn one_run<P: Peer>(capacity: Capacity, rounds: usize) -> (u64, Duration) {
    let (mut head, mut rx) = P::channel(capacity);
    for _ in 0..TASKS {
        let (mut tx, next) = P::channel(capacity);
        let mut before = std::mem::replace(&mut rx, next);
        spawn::<P, u64, _>(async move {
            while let Some(n) = P::recv(&mut before).await {
                if !P::send(&mut tx, n + 1).await {
                    return;
                }
            }
        });
    }
    let driving = spawn::<P, u64, _>(async move {
        let start = Instant::now();
        let mut hops = 0;
        for _ in 0..rounds {
            if !P::send(&mut head, 0).await {
                break;
            }
            hops += P::recv(&mut rx).await.unwrap_or(0);
        }
        (hops, start.elapsed())
    });
    driving.join().await.unwrap_or_default()
}
