//! Failures of actors that nobody supervises are never silent.

use crate::cell::AnyCell;
use crate::exit::{Exit, Failure};

pub(crate) fn report_unsupervised(cell: &dyn AnyCell, exit: &Exit) {
    if let Exit::Failed(failure) = exit {
        eprintln!("vela: an actor that nobody supervises: {failure} ({})", cell.kind());
    }
}

pub(crate) fn report_root(failure: &Failure) {
    eprintln!("vela: {failure}");
}
