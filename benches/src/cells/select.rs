//! The time of a select per message: over several receivers, with else, and with a send and a receive.

use std::time::{Duration, Instant};

use super::words;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime};
use crate::peer::{Capacity, Peer, Vela, for_each_bounded_peer};

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    let shapes =
        [(2, Some(64)), (8, Some(64)), (64, Some(64)), (2, Some(1)), (8, Some(1)), (64, Some(1)), (2, Some(0))];
    for (arms, capacity) in shapes {
        let mut cell = Cell::new(format!("select {arms} arms {}", words(capacity)), Unit::Nanoseconds);
        macro_rules! peer {
            ($peer:ty) => {
                add_receiving::<$peer, _>(&mut cell, <$peer>::NAME, arms, capacity, peer_select::<$peer>);
            };
        }
        add_receiving::<Vela, _>(&mut cell, Vela::NAME, arms, capacity, vela_select);
        for_each_bounded_peer!(peer);
        add_receiving::<Vela, _>(&mut cell, "vela SelectSet", arms, capacity, vela_set);
        let places = capacity.unwrap_or(0);
        go.add(&mut cell, messages(capacity), move |n| format!("select {arms} {places} {}", n / arms * arms));
        cells.push(cell);
    }
    cells.push(with_else(go));
    for capacity in [Some(1), Some(0)] {
        let mut cell = Cell::new(format!("select send + receive {}", words(capacity)), Unit::Nanoseconds);
        macro_rules! peer {
            ($peer:ty) => {
                add_both::<$peer, _>(&mut cell, capacity, peer_both::<$peer>);
            };
        }
        add_both::<Vela, _>(&mut cell, capacity, vela_both);
        for_each_bounded_peer!(peer);
        let places = capacity.unwrap_or(0);
        go.add(&mut cell, messages(capacity), move |n| format!("both {places} {n}"));
        cells.push(cell);
    }
}

fn messages(capacity: Capacity) -> usize {
    if capacity == Some(64) { 1_000_000 } else { 200_000 }
}

/// Defines the receiving loop over so many arms, for Vela and for the peers.
macro_rules! arms {
    ($vela:ident, $peer:ident, $arms:literal: $($arm:ident)*) => {
        async fn $vela(rx: Vec<vela::Receiver<u64>>) -> u64 {
            let [$($arm),*]: &[_; $arms] = rx.as_slice().try_into().expect("one receiver for each arm");
            let mut received = 0;
            loop {
                vela::select! {
                    $(Some(_) = <-$arm => received += 1,)*
                    closed => return received,
                }
            }
        }

        async fn $peer<P: Peer>(mut rx: Vec<P::Rx>) -> u64 {
            let [$($arm),*]: &mut [_; $arms] = rx.as_mut_slice().try_into().expect("one receiver for each arm");
            let mut received = 0;
            loop {
                tokio::select! {
                    $(Some(_) = P::recv($arm) => received += 1,)*
                    else => return received,
                }
            }
        }
    };
}

arms!(vela_2, peer_2, 2: a b);
arms!(vela_8, peer_8, 8: a b c d e f g h);
arms!(vela_64, peer_64, 64:
    a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
    e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6 h7);

async fn peer_select<P: Peer>(rx: Vec<P::Rx>) -> u64 {
    match rx.len() {
        2 => peer_2::<P>(rx).await,
        8 => peer_8::<P>(rx).await,
        _ => peer_64::<P>(rx).await,
    }
}

async fn vela_select(rx: Vec<vela::Receiver<u64>>) -> u64 {
    match rx.len() {
        2 => vela_2(rx).await,
        8 => vela_8(rx).await,
        _ => vela_64(rx).await,
    }
}

async fn vela_set(rx: Vec<vela::Receiver<u64>>) -> u64 {
    let mut set = vela::SelectSet::new();
    for rx in rx {
        set.insert(rx);
    }
    let mut received = 0;
    while !set.is_empty() {
        match set.recv().await {
            (_, Some(_)) => received += 1,
            (member, None) => drop(set.remove(member)),
        }
    }
    received
}

/// One sending task for each channel, one selecting task.
async fn receiving<P: Peer, F>(
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
    let selecting = tokio::spawn(receive(receivers));
    for mut tx in senders {
        tokio::spawn(async move {
            for n in 0..each as u64 {
                if !P::send(&mut tx, n).await {
                    return;
                }
            }
        });
    }
    let received = selecting.await.unwrap_or(0);
    (received, start.elapsed())
}

fn add_receiving<P: Peer, F>(
    cell: &mut Cell,
    name: &'static str,
    arms: usize,
    capacity: Capacity,
    receive: fn(Vec<P::Rx>) -> F,
) where
    F: Future<Output = u64> + Send + 'static,
{
    if !P::fits(capacity) {
        return;
    }
    cell.add(name, move |scale: Scale| {
        let each = scale.of(messages(capacity)) / arms;
        let (received, time) = on_runtime(Flavor::Multi, scale, receiving::<P, F>(arms, capacity, each, receive))?;
        complete(received, each * arms)?;
        Ok(Unit::Nanoseconds.of(each * arms, time))
    });
}

/// Two receivers, nothing ready.
fn with_else(go: &Go) -> Cell {
    const LOOKS: usize = 2_000_000;
    let mut cell = Cell::new("select with else, nothing ready", Unit::Nanoseconds);
    cell.add(Vela::NAME, |scale: Scale| {
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
            add_else::<$peer>(&mut cell, LOOKS);
        };
    }
    for_each_bounded_peer!(peer);
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

fn add_else<P: Peer>(cell: &mut Cell, looks: usize) {
    if !P::fits(Some(64)) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = scale.of(looks);
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

/// A task that sends to one task and receives from another, whatever comes first; both channels count as messages.
async fn both<P: Peer, F>(capacity: Capacity, n: usize, work: fn(P::Tx, P::Rx, u64) -> F) -> (u64, Duration)
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut feed, input) = P::channel(capacity);
    let (output, mut drain) = P::channel(capacity);
    let start = Instant::now();
    let selecting = tokio::spawn(work(output, input, n as u64));
    tokio::spawn(async move {
        for n in 0..n as u64 {
            if !P::send(&mut feed, n).await {
                return;
            }
        }
    });
    let draining = tokio::spawn(async move {
        let mut received = 0;
        while P::recv(&mut drain).await.is_some() {
            received += 1;
        }
        received
    });
    let received = selecting.await.unwrap_or(0) + draining.await.unwrap_or(0);
    (received, start.elapsed())
}

async fn vela_both(tx: vela::Sender<u64>, rx: vela::Receiver<u64>, n: u64) -> u64 {
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

async fn peer_both<P: Peer>(mut tx: P::Tx, mut rx: P::Rx, n: u64) -> u64 {
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

fn add_both<P: Peer, F>(cell: &mut Cell, capacity: Capacity, work: fn(P::Tx, P::Rx, u64) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    if !P::fits(capacity) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = scale.of(messages(capacity));
        let (received, time) = on_runtime(Flavor::Multi, scale, both::<P, F>(capacity, n, work))?;
        complete(received, 2 * n)?;
        Ok(Unit::Nanoseconds.of(2 * n, time))
    });
}
