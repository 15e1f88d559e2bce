//! Heap bytes, as asked of the allocator.

use crate::counting::bytes_in_use;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, on_runtime};
use crate::peer::{Peer, for_each_peer};

const HANDLES: usize = 20_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    let mut parked = Cell::new("bytes: parked task with its channel (cap 1)", Unit::Bytes);
    let mut idle = Cell::new("bytes: idle channel cap 1", Unit::Bytes);
    macro_rules! peer {
        ($peer:ty) => {
            add_peer::<$peer>(&mut parked, &mut idle);
        };
    }
    for_each_peer!(peer);
    go.add_bytes(&mut parked, HANDLES, |n| format!("memtask {n}"));
    go.add_bytes(&mut idle, HANDLES, |n| format!("memchan {n}"));
    cells.extend([parked, idle]);
}

fn add_peer<P: Peer>(parked: &mut Cell, idle: &mut Cell) {
    if !P::fits(Some(1)) {
        return;
    }
    for cell in [&mut *parked, &mut *idle] {
        cell.contenders.retain(|contender| contender.name != P::NAME);
    }
    parked.add(P::NAME, |scale: Scale| {
        let n = scale.of(HANDLES);
        let bytes = on_runtime(Flavor::Current, scale, async move {
            let mut senders = Vec::with_capacity(n);
            let before = bytes_in_use();
            for _ in 0..n {
                let (tx, mut rx) = P::channel(Some(1));
                senders.push(tx);
                tokio::spawn(async move { while P::recv(&mut rx).await.is_some() {} });
            }
            // All tasks have run once when this one comes round again.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            bytes_in_use() - before
        })?;
        Ok(bytes as f64 / n as f64)
    });
    idle.add(P::NAME, |scale: Scale| {
        let n = scale.of(HANDLES);
        let mut channels = Vec::with_capacity(n);
        let before = bytes_in_use();
        channels.extend((0..n).map(|_| P::channel(Some(1))));
        let bytes = bytes_in_use() - before;
        drop(channels);
        Ok(bytes as f64 / n as f64)
    });
}
