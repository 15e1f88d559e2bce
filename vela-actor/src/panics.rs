//! Panics of foreign code that concern nobody, and failures of actors that nobody supervises, which are never silent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vela_core::__private::say;

use crate::cell::AnyCell;
use crate::exit::{Exit, Failure};

pub(crate) fn report_unsupervised(cell: &dyn AnyCell, exit: &Exit) {
    if let Exit::Failed(failure) = exit {
        // The text is the user's.
        contained(|| say(format_args!("vela: an actor that nobody supervises: {failure} ({})", cell.kind())));
    }
}

pub(crate) fn report_root(failure: &Failure) {
    contained(|| say(format_args!("vela: {failure}")));
}

/// Does what may panic, and goes on.
pub(crate) fn contained(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        // Its drop may panic, too; and so on, so that the next one is left.
        catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(std::mem::forget);
    }
}
