//! Panics of foreign code that concern nobody, and what would go wrong in silence: lines on the standard error output. Not in a
//! simulation: it would say the same in each schedule, and has a report.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use parking_lot::Mutex;
use vela_core::__private::{say, seam};
use vela_core::time::Instant;

use crate::cell::AnyCell;
use crate::events::{EventKind, log};
use crate::exit::{Exit, Failure};

pub(crate) fn report_unsupervised(cell: &dyn AnyCell, exit: &Exit) {
    if let Exit::Failed(failure) = exit
        && !seam::simulated()
    {
        // The text is the user's.
        contained(|| say(format_args!("vela: an actor that nobody supervises: {failure} ({})", cell.kind())));
    }
}

pub(crate) fn report_root(failure: &Failure) {
    if !seam::simulated() {
        contained(|| say(format_args!("vela: {failure}")));
    }
}

/// It has ended with so many messages that it had not handled.
pub(crate) fn report_lost(cell: &dyn AnyCell, messages: u64) {
    let event = EventKind::MailDropped { messages };
    if unheard(cell) {
        say_now_and_then(format_args!("vela: {} {event}", cell.core().who.path()));
    }
    cell.publish(|| event);
}

/// Whether no log tells of what happens to this actor, and it is to be said.
pub(crate) fn unheard(cell: &dyn AnyCell) -> bool {
    !(seam::simulated() || cell.core().system.is_some() && log::is_on())
}

/// Says something that may have to be said of very many actors: ten times in a second at most.
pub(crate) fn say_now_and_then(line: fmt::Arguments<'_>) {
    const MOST: u64 = 10;
    /// Since when, and how many came since.
    static SAID: Mutex<Option<(Instant, u64)>> = Mutex::new(None);

    let now = Instant::now();
    let (count, left_out) = {
        let mut said = SAID.lock();
        match &mut *said {
            Some((since, count)) if now.duration_since(*since) < Duration::from_secs(1) => {
                *count += 1;
                (*count, 0)
            }
            before => {
                let left_out = before.map_or(0, |(_, count)| count.saturating_sub(MOST));
                *before = Some((now, 1));
                (1, left_out)
            }
        }
    };
    // The text may be the user's.
    contained(|| {
        if left_out > 0 {
            say(format_args!("vela: {left_out} lines about actors were left out"));
        }
        if count <= MOST {
            say(line);
        }
    });
}

/// Does what may panic, and goes on.
pub(crate) fn contained(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        // Its drop may panic, too; and so on, so that the next one is left.
        catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(std::mem::forget);
    }
}
