//! The cells: what the contenders do, and how much of it.

use std::time::{Duration, Instant};

use vela_benches::counting::bytes_in_use;
use vela_benches::harness::{Cell, Flavor, Outcome, Scale, Unit, complete};

use crate::peer::{Bare, Capacity, Kameo, OneThread, Peer, Ractor, Supervised, TwoThreads, Vela, Xtra, join_all};

pub(crate) const ASK: &str = "ask";
pub(crate) const ASK_IN_TIME: &str = "ask with a deadline";
/// Vela without a deadline, beside the one with.
pub(crate) const PLAIN: &str = "vela, plain";
pub(crate) const BYTES: &str = "bytes: idle actor";

const MESSAGES: usize = 1_000_000;
const ASKS: usize = 300_000;
const LIVES: usize = 200_000;
const IDLE: usize = 10_000;
const NODES: usize = 1_000;
const HOPS: usize = 1_000_000;
const RESTARTS: usize = 50_000;
/// Of one supervisor.
pub(crate) const CHILDREN: [usize; 2] = [10_000, 100_000];

macro_rules! for_each_peer {
    ($run:ident) => {
        $run!(Vela);
        $run!(Ractor);
        $run!(Kameo);
        $run!(Xtra);
        $run!(TwoThreads);
        $run!(OneThread);
        $run!(Bare);
    };
}

macro_rules! cell {
    ($cells:ident, $name:expr, $unit:ident, $run:ident) => {
        let mut cell = Cell::new("Actors", $name, Unit::$unit);
        macro_rules! peer {
            ($peer:ty) => {
                cell.add(<$peer>::NAME, $run::<$peer>);
            };
        }
        for_each_peer!(peer);
        $cells.push(cell);
    };
}

/// The name of the cell with so many children.
pub(crate) fn children_cell(count: usize) -> String {
    format!("start and stop {},000 children, each", count / 1_000)
}

/// All cells, in the order of the report.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    cell!(cells, "tell 1→1 cap 1024", Nanoseconds, tell_bounded);
    cell!(cells, "tell 4→1 unbounded", Nanoseconds, tell_unbounded);
    cell!(cells, ASK, Nanoseconds, ask);
    cell!(cells, "ask, median", Nanoseconds, ask_median);
    cell!(cells, ASK_IN_TIME, Nanoseconds, ask_in_time);
    if let Some(cell) = cells.last_mut() {
        cell.add(PLAIN, ask::<Vela>);
    }
    let all_on_one = cells.len();
    cell!(cells, "start and stop", Nanoseconds, live);
    cell!(cells, "ring of 1,000, a hop", Nanoseconds, ring);
    cell!(cells, BYTES, Bytes, bytes);
    for cell in &mut cells[all_on_one..] {
        // All actors would be on the second thread, and the first would watch.
        cell.contenders.retain(|contender| contender.name != TwoThreads::NAME);
    }
    let mut cell = Cell::new("Actors", "restart, failure to answer", Unit::Nanoseconds);
    cell.add(Vela::NAME, restart::<Vela>);
    cell.add(Ractor::NAME, restart::<Ractor>);
    cell.add(Kameo::NAME, restart::<Kameo>);
    cells.push(cell);
    for count in CHILDREN {
        let mut cell = Cell::new("Actors", children_cell(count), Unit::Nanoseconds);
        cell.add(Vela::NAME, move |scale| children::<Vela>(scale, count));
        cell.add(Ractor::NAME, move |scale| children::<Ractor>(scale, count));
        cell.add(Kameo::NAME, move |scale| children::<Kameo>(scale, count));
        cells.push(cell);
    }
    cells
}

fn tell_bounded<P: Peer>(scale: Scale) -> Outcome {
    tell::<P>(scale, 1, Some(1024))
}

fn tell_unbounded<P: Peer>(scale: Scale) -> Outcome {
    tell::<P>(scale, 4, None)
}

fn tell<P: Peer>(scale: Scale, senders: usize, mailbox: Capacity) -> Outcome {
    let each = scale.of(MESSAGES) / senders;
    let all = each * senders;
    let (sum, time) = P::run(Flavor::Multi, scale, async move {
        let counter = P::start(mailbox).await;
        let start = Instant::now();
        let telling = (0..senders).map(|_| {
            let counter = counter.clone();
            async move {
                for _ in 0..each {
                    if !P::tell(&counter, 1).await {
                        return false;
                    }
                }
                true
            }
        });
        let told = join_all::<P>(telling).await;
        // Comes after what was told; but xtra does not keep the order.
        let mut sum = P::ask(&counter).await.filter(|_| told);
        while sum.is_some_and(|sum| sum < all as u64) {
            sum = P::ask(&counter).await;
        }
        (sum, start.elapsed())
    })?;
    complete(sum.ok_or("does not answer")?, all)?;
    Ok(Unit::Nanoseconds.of(all, time))
}

fn ask<P: Peer>(scale: Scale) -> Outcome {
    let n = scale.of(ASKS);
    let time = P::run(Flavor::Multi, scale, async move {
        let counter = P::start(Some(1024)).await;
        let start = Instant::now();
        for _ in 0..n {
            P::ask(&counter).await?;
        }
        Some(start.elapsed())
    })?;
    Ok(Unit::Nanoseconds.of(n, time.ok_or("does not answer")?))
}

/// Each is timed, which takes a look at the clock.
fn ask_median<P: Peer>(scale: Scale) -> Outcome {
    let n = scale.of(ASKS);
    let times = P::run(Flavor::Multi, scale, async move {
        let counter = P::start(Some(1024)).await;
        let mut times = Vec::with_capacity(n);
        for _ in 0..n {
            let start = Instant::now();
            P::ask(&counter).await?;
            times.push(start.elapsed());
        }
        Some(times)
    })?;
    let mut times: Vec<Duration> = times.ok_or("does not answer")?;
    let (_, median, _) = times.select_nth_unstable(n / 2);
    Ok(Unit::Nanoseconds.of(1, *median))
}

fn ask_in_time<P: Peer>(scale: Scale) -> Outcome {
    let n = scale.of(ASKS);
    let time = P::run(Flavor::Multi, scale, async move {
        let counter = P::start(Some(1024)).await;
        let start = Instant::now();
        for _ in 0..n {
            P::ask_in_time(&counter).await?;
        }
        Some(start.elapsed())
    })?;
    Ok(Unit::Nanoseconds.of(n, time.ok_or("does not answer")?))
}

fn live<P: Peer>(scale: Scale) -> Outcome {
    let n = scale.of(LIVES);
    let time = P::run(Flavor::Multi, scale, async move {
        let start = Instant::now();
        for _ in 0..n {
            if !P::live().await {
                return None;
            }
        }
        Some(start.elapsed())
    })?;
    Ok(Unit::Nanoseconds.of(n, time.ok_or("does not end")?))
}

fn ring<P: Peer>(scale: Scale) -> Outcome {
    let hops = scale.of(HOPS);
    let time = P::run(Flavor::Multi, scale, P::ring(NODES, hops as u64))?;
    Ok(Unit::Nanoseconds.of(hops, time.ok_or("is broken")?))
}

/// Each has handled a message.
fn bytes<P: Peer>(scale: Scale) -> Outcome {
    // Fewer in a quick run would not do: what the runtime itself takes would weigh.
    let n = if scale == Scale::Smoke { 100 } else { IDLE };
    let bytes = P::run(Flavor::Current, scale, async move {
        let mut counters = Vec::with_capacity(n);
        let before = bytes_in_use();
        for _ in 0..n {
            let counter = P::start(Some(1024)).await;
            if !P::tell(&counter, 1).await || P::ask(&counter).await != Some(1) {
                return None;
            }
            counters.push(counter);
        }
        tokio::task::yield_now().await;
        let bytes = bytes_in_use() - before;
        drop(counters);
        Some(bytes)
    })?;
    Ok(bytes.ok_or("does not answer")? as f64 / n as f64)
}

fn restart<P: Supervised>(scale: Scale) -> Outcome {
    let n = scale.of(RESTARTS);
    let time = P::run(Flavor::Multi, scale, P::restarts(n))?;
    Ok(Unit::Nanoseconds.of(n, time.ok_or("does not come back")?))
}

fn children<P: Supervised>(scale: Scale, count: usize) -> Outcome {
    // Fewer in a quick run would be another figure.
    let n = if scale == Scale::Smoke { 100 } else { count };
    let times = P::run(Flavor::Multi, scale, P::children(n))?;
    let (_, all) = times.ok_or("does not end")?;
    Ok(Unit::Nanoseconds.of(n, all))
}
