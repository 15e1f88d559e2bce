//! The cells, in groups.

mod bulk;
mod cancel;
mod chain;
mod curves;
mod memory;
mod ping_pong;
mod select;
mod sieve;
mod spawn;
mod threads;
mod throughput;
mod timeout;

use crate::go::Go;
use crate::harness::Cell;
use crate::peer::{Capacity, Message, Peer};

/// All cells, in the order of the report.
pub(crate) fn all(go: &Go) -> Vec<Cell> {
    let mut cells = Vec::new();
    throughput::add(&mut cells, go);
    bulk::add(&mut cells);
    ping_pong::add(&mut cells, go);
    select::add(&mut cells, go);
    spawn::add(&mut cells, go);
    sieve::add(&mut cells, go);
    chain::add(&mut cells, go);
    timeout::add(&mut cells, go);
    cancel::add(&mut cells, go);
    memory::add(&mut cells, go);
    curves::add(&mut cells, go);
    cells
}

/// A capacity in words.
fn words(capacity: Capacity) -> String {
    capacity.map_or_else(|| "unbounded".to_owned(), |capacity| format!("cap {capacity}"))
}

/// Sends so many messages, or until the channel is closed.
async fn send_all<P: Peer<T>, T: Message>(mut tx: P::Tx, messages: usize) {
    for n in 0..messages as u64 {
        if !P::send(&mut tx, T::number(n)).await {
            return;
        }
    }
}

/// Receives until the channel is closed; how many came.
async fn count<P: Peer<T>, T: Message>(mut rx: P::Rx) -> u64 {
    let mut received = 0;
    while let Some(value) = P::recv(&mut rx).await {
        std::hint::black_box(&value);
        received += 1;
    }
    received
}
