//! The time of a round trip between two tasks.

use std::time::{Duration, Instant};

use super::{threads, words};
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Vela, VelaOnTokio, for_each_paired_rival, spawn};

const ROUND_TRIPS: usize = 400_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for capacity in [Some(0), Some(1)] {
        for flavor in [Flavor::Multi, Flavor::Current] {
            let name = format!("ping-pong {} {}", words(capacity), flavor.name());
            let mut cell = Cell::new("Ping-pong", name, Unit::Nanoseconds);
            macro_rules! peer {
                ($peer:ty) => {
                    add_peer::<$peer>(&mut cell, capacity, flavor);
                };
            }
            peer!(Vela);
            peer!(VelaOnTokio);
            for_each_paired_rival!(peer);
            if flavor == Flavor::Multi {
                threads::add_ping_pong(&mut cell, capacity, ROUND_TRIPS);
            }
            let (places, flavor) = (capacity.unwrap_or(0), flavor.name());
            go.add(&mut cell, ROUND_TRIPS, move |n| format!("pingpong {flavor} {places} {n}"));
            cells.push(cell);
        }
    }
}

fn add_peer<P: Peer>(cell: &mut Cell, capacity: Capacity, flavor: Flavor) {
    if !P::fits(Shape::pair(capacity)) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = scale.of(ROUND_TRIPS);
        let (back, time) = on_runtime_as(P::GO, flavor, scale, one_run::<P>(capacity, n))?;
        complete(back, n)?;
        Ok(Unit::Nanoseconds.of(n, time))
    });
}

async fn one_run<P: Peer>(capacity: Capacity, n: usize) -> (u64, Duration) {
    let (mut ping_tx, mut ping_rx) = P::channel(capacity);
    let (mut pong_tx, mut pong_rx) = P::channel(capacity);
    let start = Instant::now();
    spawn::<P, u64, _>(async move {
        while let Some(value) = P::recv(&mut ping_rx).await {
            if !P::send(&mut pong_tx, value).await {
                return;
            }
        }
    });
    let asking = spawn::<P, u64, _>(async move {
        let mut back = 0;
        for value in 0..n as u64 {
            if P::send(&mut ping_tx, value).await && P::recv(&mut pong_rx).await == Some(value) {
                back += 1;
            }
        }
        back
    });
    let back = asking.join().await.unwrap_or(0);
    (back, start.elapsed())
}
