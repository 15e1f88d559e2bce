//! Failures of actors that nobody supervises are never silent.

use vela_core::__private::say;

use crate::cell::AnyCell;
use crate::exit::{Exit, Failure};

pub(crate) fn report_unsupervised(cell: &dyn AnyCell, exit: &Exit) {
    if let Exit::Failed(failure) = exit {
        say(format_args!("vela: an actor that nobody supervises: {failure} ({})", cell.kind()));
    }
}

pub(crate) fn report_root(failure: &Failure) {
    say(format_args!("vela: {failure}"));
}
