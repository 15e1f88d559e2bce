//! A line on the standard error output.

use std::fmt;
use std::io::Write as _;

use super::seam;

/// Says something there, if somebody reads it. `eprintln!` panics where nobody does; who says this often stands where a panic
/// would do harm: others wait to be woken by it, or it is a panic that is told. In a simulation, which says the same in a
/// thousand schedules, it is `eprintln!` nevertheless: the test harness keeps that back.
pub fn say(line: fmt::Arguments<'_>) {
    if seam::simulated() {
        return eprintln!("{line}");
    }
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}
