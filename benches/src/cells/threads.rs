//! Crossbeam's channels, and crossfire's multiplex: for threads, which are pinned to the two cores in turn.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender};
use crossfire::select::{Multiplex, Mux};

use crate::harness::{Cell, Scale, complete, on_threads, pin};
use crate::peer::{Capacity, Message, Shape};

const CROSSBEAM: &str = "crossbeam on threads";

fn channel<T>(capacity: Capacity) -> (Sender<T>, Receiver<T>) {
    capacity.map_or_else(crossbeam_channel::unbounded, crossbeam_channel::bounded)
}

/// A thread that sleeps and is woken for each message takes microseconds: fewer messages tell as much.
fn fewer(messages: usize, capacity: Capacity) -> usize {
    if capacity.is_some_and(|capacity| capacity < 2) { messages / 4 } else { messages }
}

fn send<T: Message>(tx: &Sender<T>, messages: usize) {
    for n in 0..messages as u64 {
        if tx.send(T::number(n)).is_err() {
            return;
        }
    }
}

fn count<T>(rx: &Receiver<T>) -> u64 {
    rx.iter().map(std::hint::black_box).count() as u64
}

pub(super) fn add_throughput<T: Message>(cell: &mut Cell, shape: Shape, messages: usize) {
    let unit = cell.unit;
    cell.add(CROSSBEAM, move |scale: Scale| {
        let each = (scale.of(fewer(messages, shape.capacity)) / shape.senders).max(1);
        let (received, time) = on_threads(scale, move || throughput::<T>(shape, each))?;
        complete(received, each * shape.senders)?;
        Ok(unit.of(each * shape.senders, time))
    });
}

fn throughput<T: Message>(shape: Shape, each: usize) -> (u64, Duration) {
    let (tx, rx) = channel(shape.capacity);
    let start = Instant::now();
    let received = thread::scope(|scope| {
        let pinned = |core: usize, rx: Receiver<T>| {
            pin(core);
            count(&rx)
        };
        let receiving: Vec<_> = (0..shape.receivers)
            .map(|core| {
                let rx = rx.clone();
                scope.spawn(move || pinned(core, rx))
            })
            .collect();
        for sender in 0..shape.senders {
            let tx = tx.clone();
            scope.spawn(move || {
                pin(sender + 1);
                send(&tx, each);
            });
        }
        drop(tx);
        receiving.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    (received, start.elapsed())
}

pub(super) fn add_ping_pong(cell: &mut Cell, capacity: Capacity, round_trips: usize) {
    let unit = cell.unit;
    cell.add(CROSSBEAM, move |scale: Scale| {
        let n = scale.of(fewer(round_trips, capacity));
        let (back, time) = on_threads(scale, move || ping_pong(capacity, n))?;
        complete(back, n)?;
        Ok(unit.of(n, time))
    });
}

fn ping_pong(capacity: Capacity, n: usize) -> (u64, Duration) {
    let (ping_tx, ping_rx) = channel::<u64>(capacity);
    let (pong_tx, pong_rx) = channel::<u64>(capacity);
    let start = Instant::now();
    thread::spawn(move || {
        pin(1);
        ping_rx.iter().try_for_each(|value| pong_tx.send(value))
    });
    pin(0);
    let back = (0..n as u64).filter(|value| ping_tx.send(*value).is_ok() && pong_rx.recv() == Ok(*value));
    (back.count() as u64, start.elapsed())
}

/// Crossbeam's `Select`, made once and used for all messages; crossfire's `Multiplex`, which makes its channels itself.
pub(super) fn add_select(cell: &mut Cell, arms: usize, capacity: Capacity, messages: usize) {
    let unit = cell.unit;
    let each = move |scale: Scale| (scale.of(fewer(messages, capacity)) / arms).max(1);
    cell.add(CROSSBEAM, move |scale: Scale| {
        let each = each(scale);
        let (received, time) = on_threads(scale, move || select(arms, capacity, each))?;
        complete(received, each * arms)?;
        Ok(unit.of(each * arms, time))
    });
    if let Some(places @ 1..) = capacity {
        cell.add("crossfire multiplex on threads", move |scale: Scale| {
            let each = each(scale);
            let (received, time) = on_threads(scale, move || multiplex(arms, places, each))?;
            complete(received, each * arms)?;
            Ok(unit.of(each * arms, time))
        });
    }
}

fn select(arms: usize, capacity: Capacity, each: usize) -> (u64, Duration) {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..arms).map(|_| channel::<u64>(capacity)).unzip();
    let start = Instant::now();
    for (core, tx) in senders.into_iter().enumerate() {
        thread::spawn(move || {
            pin(core + 1);
            send(&tx, each);
        });
    }
    pin(0);
    let mut select = Select::new();
    for rx in &receivers {
        select.recv(rx);
    }
    let (mut open, mut received) = (arms, 0);
    while open > 0 {
        let ready = select.select();
        let arm = ready.index();
        if ready.recv(&receivers[arm]).is_ok() {
            received += 1;
        } else {
            select.remove(arm);
            open -= 1;
        }
    }
    (received, start.elapsed())
}

fn multiplex(arms: usize, places: usize, each: usize) -> (u64, Duration) {
    type Flavor = crossfire::spsc::Array<u64>;
    let mut all = Multiplex::<Flavor>::new();
    let senders: Vec<crossfire::Tx<Mux<Flavor>>> = (0..arms).map(|_| all.bounded_tx(places)).collect();
    let start = Instant::now();
    for (core, tx) in senders.into_iter().enumerate() {
        thread::spawn(move || {
            pin(core + 1);
            for n in 0..each as u64 {
                if tx.send(n).is_err() {
                    return;
                }
            }
        });
    }
    pin(0);
    let mut received = 0;
    while all.recv().is_ok() {
        received += 1;
    }
    (received, start.elapsed())
}

/// Two receivers, nothing ready.
pub(super) fn add_else(cell: &mut Cell, looks: usize) {
    let unit = cell.unit;
    cell.add(CROSSBEAM, move |scale: Scale| {
        let n = scale.of(looks);
        let time = on_threads(scale, move || {
            pin(0);
            let ((_first, a), (_second, b)) = (channel::<u64>(Some(64)), channel::<u64>(Some(64)));
            let start = Instant::now();
            for _ in 0..n {
                crossbeam_channel::select! {
                    recv(a) -> v => { std::hint::black_box(v).ok(); }
                    recv(b) -> v => { std::hint::black_box(v).ok(); }
                    default => {}
                }
            }
            start.elapsed()
        })?;
        Ok(unit.of(n, time))
    });
}
