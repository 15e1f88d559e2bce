//! The cells, in groups.

mod memory;
mod ping_pong;
mod select;
mod spawn;
mod throughput;

use crate::go::Go;
use crate::harness::Cell;

/// All cells, in the order of the report.
pub(crate) fn all(go: &Go) -> Vec<Cell> {
    let mut cells = Vec::new();
    throughput::add(&mut cells, go);
    ping_pong::add(&mut cells, go);
    select::add(&mut cells, go);
    spawn::add(&mut cells, go);
    memory::add(&mut cells, go);
    cells
}

/// A capacity in words.
fn words(capacity: crate::peer::Capacity) -> String {
    capacity.map_or_else(|| "unbounded".to_owned(), |capacity| format!("cap {capacity}"))
}
