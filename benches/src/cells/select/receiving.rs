//! One sending task for each channel, one task that selects over all of them.

use std::future::Future;
use std::time::{Duration, Instant};

use super::arms::{TOKIO_MOST, peer_select, tokio_poll_loop, tokio_select, vela_select, vela_set};
use super::messages;
use crate::cells::{send_all, threads};
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, complete, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Tokio, Vela, VelaOnTokio, for_each_paired_rival, spawn};

pub(super) fn add_all(cell: &mut Cell, arms: usize, capacity: Capacity, messages: usize, go: &Go) {
    macro_rules! peer {
        ($peer:ty) => {
            add::<$peer, _>(cell, <$peer as Peer>::NAME, arms, capacity, peer_select::<$peer>);
        };
    }
    add_vela(cell, arms, capacity);
    for_each_paired_rival!(peer);
    if arms > 2 {
        add::<Tokio, _>(cell, "tokio, poll loop", arms, capacity, tokio_poll_loop);
    }
    threads::add_select(cell, arms, capacity, messages);
    add_go(cell, arms, capacity, go);
}

/// Vela, `tokio::select!` and Go: a point of the curve over arms.
pub(crate) fn add_point(cell: &mut Cell, arms: usize, capacity: Capacity, go: &Go) {
    add_vela(cell, arms, capacity);
    if arms <= TOKIO_MOST {
        add::<Tokio, _>(cell, "tokio", arms, capacity, tokio_select);
    }
    add_go(cell, arms, capacity, go);
}

fn add_vela(cell: &mut Cell, arms: usize, capacity: Capacity) {
    add::<Vela, _>(cell, "vela", arms, capacity, vela_select);
    add::<VelaOnTokio, _>(cell, "vela on tokio", arms, capacity, vela_select);
    add::<Vela, _>(cell, "vela SelectSet", arms, capacity, vela_set);
}

fn add_go(cell: &mut Cell, arms: usize, capacity: Capacity, go: &Go) {
    let places = capacity.unwrap_or(0);
    go.add(cell, messages(capacity), move |n| format!("select {arms} {places} {}", each(n, arms) * arms));
}

fn each(messages: usize, arms: usize) -> usize {
    (messages / arms).max(1)
}

fn add<P: Peer, F>(cell: &mut Cell, name: &'static str, arms: usize, capacity: Capacity, receive: fn(Vec<P::Rx>) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    if !P::fits(Shape::pair(capacity)) {
        return;
    }
    let unit = cell.unit;
    cell.add(name, move |scale: Scale| {
        let each = each(scale.of(messages(capacity)), arms);
        let (received, time) =
            on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P, F>(arms, capacity, each, receive))?;
        complete(received, each * arms)?;
        Ok(unit.of(each * arms, time))
    });
}

async fn one_run<P: Peer, F>(
    arms: usize,
    capacity: Capacity,
    each: usize,
    receive: fn(Vec<P::Rx>) -> F,
) -> (u64, Duration)
where
    F: Future<Output = u64> + Send + 'static,
{
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..arms).map(|_| P::channel(capacity)).unzip();
    let start = Instant::now();
    let selecting = spawn::<P, u64, _>(receive(receivers));
    for tx in senders {
        spawn::<P, u64, _>(send_all::<P, u64>(tx, each));
    }
    let received = selecting.join().await.unwrap_or(0);
    (received, start.elapsed())
}
