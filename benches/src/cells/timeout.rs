//! Receives whose time is up before anything comes: the processor's time of each, as most of the wall time is waiting.

use std::time::Duration;

use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, complete, on_runtime_as};
use crate::peer::{Peer, Shape, for_each_peer, spawn};

const TASKS: usize = 2_000;
const RECEIVES: usize = 100_000;
const WAIT: Duration = Duration::from_millis(1);

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for shared in [false, true] {
        let channel = if shared { "shared" } else { "own" };
        let name = format!("timed-out receive, {channel} channel, CPU");
        let mut cell = Cell::new("Cancellation", name, Unit::Nanoseconds);
        macro_rules! peer {
            ($peer:ty) => {
                add_peer::<$peer>(&mut cell, shared);
            };
        }
        for_each_peer!(peer);
        go.add(&mut cell, RECEIVES, move |n| format!("timeout {channel} {TASKS} {}", each(n)));
        cells.push(cell);
    }
}

fn each(receives: usize) -> usize {
    (receives / TASKS).max(1)
}

/// Of the whole process; `None`: the system does not tell.
#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}

fn add_peer<P: Peer>(cell: &mut Cell, shared: bool) {
    let receivers = if shared { TASKS } else { 1 };
    if !P::fits(Shape { receivers, ..Shape::pair(Some(1)) }) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let each = each(scale.of(RECEIVES));
        let (timed_out, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P>(shared, each))?;
        complete(timed_out, each * TASKS)?;
        let time = time.ok_or("not measured: no clock of the processor")?;
        Ok(Unit::Nanoseconds.of(each * TASKS, time))
    });
}

async fn one_run<P: Peer>(shared: bool, each: usize) -> (u64, Option<Duration>) {
    let (tx, rx) = P::channel(Some(1));
    let (mut senders, mut receivers) = (vec![tx], vec![rx]);
    for _ in 1..TASKS {
        let (tx, rx) = match P::clone_rx(&receivers[0]) {
            Some(rx) if shared => (None, rx),
            _ => {
                let (tx, rx) = P::channel(Some(1));
                (Some(tx), rx)
            }
        };
        senders.extend(tx);
        receivers.push(rx);
    }
    let start = processor_time();
    let tasks: Vec<_> = receivers
        .into_iter()
        .map(|mut rx| {
            spawn::<P, u64, _>(async move {
                let mut timed_out = 0;
                for _ in 0..each {
                    timed_out += u64::from(P::times_out(&mut rx, WAIT).await);
                }
                timed_out
            })
        })
        .collect();
    let mut timed_out = 0;
    for task in tasks {
        timed_out += task.join().await.unwrap_or(0);
    }
    let time = processor_time().zip(start).map(|(end, start)| end - start);
    drop(senders);
    (timed_out, time)
}
