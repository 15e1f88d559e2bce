//! A select with `else` over two receivers, nothing ready.

use std::time::Instant;

use crate::cells::threads;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, on_runtime};
use crate::peer::{Peer, Shape, Vela, for_each_paired_rival};

const LOOKS: usize = 4_000_000;

pub(super) fn cell(go: &Go) -> Cell {
    let mut cell = Cell::new(super::GROUP, "select with else, nothing ready", Unit::Nanoseconds);
    cell.add("vela", |scale: Scale| {
        let n = scale.of(LOOKS);
        let time = on_runtime(Flavor::Current, scale, async move {
            let (_tx, [a, b]) = open::<Vela>();
            let start = Instant::now();
            for _ in 0..n {
                vela::select! {
                    Some(v) = <-a => { std::hint::black_box(v); }
                    Some(v) = <-b => { std::hint::black_box(v); }
                    else => {}
                }
            }
            start.elapsed()
        })?;
        Ok(Unit::Nanoseconds.of(n, time))
    });
    macro_rules! peer {
        ($peer:ty) => {
            add_peer::<$peer>(&mut cell);
        };
    }
    for_each_paired_rival!(peer);
    threads::add_else(&mut cell, LOOKS);
    go.add(&mut cell, LOOKS, |n| format!("else {n}"));
    cell
}

/// Two senders, two receivers.
type Two<P> = ([<P as Peer>::Tx; 2], [<P as Peer>::Rx; 2]);

fn open<P: Peer>() -> Two<P> {
    let (first, a) = P::channel(Some(64));
    let (second, b) = P::channel(Some(64));
    ([first, second], [a, b])
}

fn add_peer<P: Peer>(cell: &mut Cell) {
    if !P::fits(Shape::pair(Some(64))) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = scale.of(LOOKS);
        let time = on_runtime(Flavor::Current, scale, async move {
            let (_tx, [mut a, mut b]) = open::<P>();
            let start = Instant::now();
            for _ in 0..n {
                tokio::select! {
                    biased;
                    Some(v) = P::recv(&mut a) => { std::hint::black_box(v); }
                    Some(v) = P::recv(&mut b) => { std::hint::black_box(v); }
                    () = std::future::ready(()) => {}
                }
            }
            start.elapsed()
        })?;
        Ok(Unit::Nanoseconds.of(n, time))
    });
}
