//! A line on the standard error output.

use std::fmt;
use std::io::Write as _;

/// Says something there, if somebody reads it. `eprintln!` panics where nobody does; who says this often stands where a panic
/// would do harm: others wait to be woken by it, or it is a panic that is told.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}
