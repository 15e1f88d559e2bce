//! Violations of the contract, collected from all threads.

use std::fmt::Arguments;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many are told in full.
const SHOWN: u64 = 20;

static COUNT: AtomicU64 = AtomicU64::new(0);
static FIRST: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes a violation; it fails the run at the end of its round.
#[cold]
pub(crate) fn violation(what: Arguments<'_>) {
    // Relaxed: a counter, read when the round's tasks have been joined.
    if COUNT.fetch_add(1, Ordering::Relaxed) < SHOWN {
        let text = what.to_string();
        eprintln!("violation: {text}");
        FIRST.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(text);
    }
}

/// How many there were.
pub(crate) fn violations() -> u64 {
    COUNT.load(Ordering::Relaxed)
}
