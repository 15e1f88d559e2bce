//! A task that sends to one task and receives from another, whatever comes first; both channels count as messages.

use std::future::Future;
use std::time::{Duration, Instant};

use super::{GROUP, messages};
use crate::cells::{count, send_all, words};
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Vela, VelaOnTokio, for_each_paired_rival, spawn};

pub(super) fn cell(capacity: Capacity, go: &Go) -> Cell {
    let mut cell = Cell::new(GROUP, format!("select send + receive {}", words(capacity)), Unit::Nanoseconds);
    macro_rules! peer {
        ($peer:ty) => {
            add::<$peer, _>(&mut cell, capacity, peer_work::<$peer>);
        };
    }
    add::<Vela, _>(&mut cell, capacity, vela_work);
    add::<VelaOnTokio, _>(&mut cell, capacity, vela_work);
    for_each_paired_rival!(peer);
    let places = capacity.unwrap_or(0);
    go.add(&mut cell, messages(capacity), move |n| format!("both {places} {n}"));
    cell
}

fn add<P: Peer, F>(cell: &mut Cell, capacity: Capacity, work: fn(P::Tx, P::Rx, u64) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    if !P::fits(Shape::pair(capacity)) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = scale.of(messages(capacity));
        let (received, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P, F>(capacity, n, work))?;
        complete(received, 2 * n)?;
        Ok(Unit::Nanoseconds.of(2 * n, time))
    });
}

async fn one_run<P: Peer, F>(capacity: Capacity, n: usize, work: fn(P::Tx, P::Rx, u64) -> F) -> (u64, Duration)
where
    F: Future<Output = u64> + Send + 'static,
{
    let (feed, input) = P::channel(capacity);
    let (output, drain) = P::channel(capacity);
    let start = Instant::now();
    let selecting = spawn::<P, u64, _>(work(output, input, n as u64));
    spawn::<P, u64, _>(send_all::<P, u64>(feed, n));
    let draining = spawn::<P, u64, _>(count::<P, u64>(drain));
    let received = selecting.join().await.unwrap_or(0) + draining.join().await.unwrap_or(0);
    (received, start.elapsed())
}

async fn vela_work(tx: vela::Sender<u64>, rx: vela::Receiver<u64>, n: u64) -> u64 {
    let (mut sent, mut received) = (0, 0);
    while sent < n || received < n {
        vela::select! {
            tx <- sent, if sent < n => sent += 1,
            Some(_) = <-rx, if received < n => received += 1,
            closed => break,
        }
    }
    received
}

async fn peer_work<P: Peer>(mut tx: P::Tx, mut rx: P::Rx, n: u64) -> u64 {
    let (mut sent, mut received) = (0, 0);
    while sent < n || received < n {
        tokio::select! {
            true = P::send(&mut tx, sent), if sent < n => sent += 1,
            Some(_) = P::recv(&mut rx), if received < n => received += 1,
            else => break,
        }
    }
    received
}
