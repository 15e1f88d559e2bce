//! Heap bytes, as asked of the allocator.

use crate::counting::bytes_in_use;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, on_runtime};
use crate::peer::{Peer, Shape, for_each_peer, spawn};

const GROUP: &str = "Memory";
const HANDLES: usize = 20_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    let mut parked = Cell::new(GROUP, "bytes: parked task with its channel (cap 1)", Unit::Bytes);
    let mut idle = Cell::new(GROUP, "bytes: idle channel cap 1", Unit::Bytes);
    macro_rules! peer {
        ($peer:ty) => {
            add_peer::<$peer>(&mut parked, &mut idle);
        };
    }
    for_each_peer!(peer);
    idle.contenders.retain(|contender| contender.name != "vela on tokio");
    go.add_scaled(&mut parked, handles, |n| format!("memtask {n}"));
    go.add_scaled(&mut idle, handles, |n| format!("memchan {n}"));
    cells.extend([parked, idle]);
}

/// Fewer in a quick run would not do: what the runtime itself takes would weigh.
fn handles(scale: Scale) -> usize {
    if scale == Scale::Smoke { 100 } else { HANDLES }
}

fn add_peer<P: Peer>(parked: &mut Cell, idle: &mut Cell) {
    if !P::fits(Shape::pair(Some(1))) {
        return;
    }
    parked.add(P::NAME, |scale: Scale| {
        let n = handles(scale);
        let bytes = on_runtime(Flavor::Current, scale, async move {
            let mut senders = Vec::with_capacity(n);
            let before = bytes_in_use();
            for number in 0..n {
                let (tx, mut rx) = P::channel(Some(1));
                senders.push(tx);
                spawn::<P, u64, _>(async move { while P::recv(&mut rx).await.is_some() {} });
                if number % 64 == 0 {
                    // They run and are parked: the run queue stays short.
                    tokio::task::yield_now().await;
                }
            }
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            bytes_in_use() - before
        })?;
        Ok(bytes as f64 / n as f64)
    });
    idle.add(P::NAME, |scale: Scale| {
        let n = handles(scale);
        let mut channels = Vec::with_capacity(n);
        let before = bytes_in_use();
        channels.extend((0..n).map(|_| P::channel(Some(1))));
        let bytes = bytes_in_use() - before;
        drop(channels);
        Ok(bytes as f64 / n as f64)
    });
}
