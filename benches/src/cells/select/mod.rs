//! The time of a select per message: over several receivers, with else, and with a send and a receive.

mod arms;
mod both;
mod otherwise;
mod receiving;

use super::words;
use crate::go::Go;
use crate::harness::{Cell, Unit};
use crate::peer::Capacity;

const GROUP: &str = "Select";

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    let shapes =
        [(2, Some(64)), (8, Some(64)), (64, Some(64)), (2, Some(1)), (8, Some(1)), (64, Some(1)), (2, Some(0))];
    for (arms, capacity) in shapes {
        let mut cell = Cell::new(GROUP, format!("select {arms} arms {}", words(capacity)), Unit::Nanoseconds);
        receiving::add_all(&mut cell, arms, capacity, messages(capacity), go);
        cells.push(cell);
    }
    cells.push(otherwise::cell(go));
    for capacity in [Some(1), Some(0)] {
        cells.push(both::cell(capacity, go));
    }
}

pub(super) use receiving::add_point;

/// Messages of a full run.
fn messages(capacity: Capacity) -> usize {
    if capacity == Some(64) { 800_000 } else { 400_000 }
}
