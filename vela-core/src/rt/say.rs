//! A line on the standard error output.

use std::fmt;
use std::io::Write as _;

use super::seam;

/// Says something there, if somebody reads it. `eprintln!` panics where nobody does; who says this often stands where a panic
/// would do harm: others wait to be woken by it, or it is a panic that is told. In a simulation, which says the same in a
/// thousand schedules, it is `eprint!` nevertheless: the test harness keeps that back.
///
/// The line is written in one piece: that output has no buffer, and each part would be a write of its own, between which others
/// write theirs.
pub fn say(line: fmt::Arguments<'_>) {
    let line = format!("{line}\n");
    if seam::simulated() {
        return eprint!("{line}");
    }
    let _nobody_reads = std::io::stderr().write_all(line.as_bytes());
}
