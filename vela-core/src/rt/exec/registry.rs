//! The runtimes that have tasks of ours.

use std::cell::RefCell;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::monitor;
use super::share::{Ref, Shared};

/// Few, and remembered by the threads that use them.
static RUNTIMES: Mutex<Vec<Ref>> = Mutex::new(Vec::new());

thread_local! {
    /// The runtime on which this thread has last spawned something from outside of runners.
    static LAST: RefCell<Option<Ref>> = const { RefCell::new(None) };
}

/// What belongs to the runtime of `handle`; its runners are started if this is the first time.
pub(super) fn of(handle: Handle) -> Ref {
    let id = handle.id();
    let known = LAST.try_with(|last| last.borrow().as_ref().filter(|last| last.id == id).cloned());
    if let Ok(Some(known)) = known {
        return known;
    }
    let found = find(handle);
    // A thread that is ending has no place to remember it.
    let before = LAST.try_with(|last| last.replace(Some(found.clone())));
    drop(before);
    found
}

#[cold]
fn find(handle: Handle) -> Ref {
    let id = handle.id();
    let mut runtimes = RUNTIMES.lock();
    if let Some(found) = runtimes.iter().find(|runtime| runtime.id == id) {
        return found.clone();
    }
    let workers = handle.metrics().num_workers();
    let new = Ref::new(handle);
    runtimes.push(new.clone());
    drop(runtimes);
    new.start_runners(workers);
    if new.several {
        monitor::start();
    }
    new
}

/// Forgets a runtime that ends.
pub(super) fn remove(shared: &Shared) {
    let mut runtimes = RUNTIMES.lock();
    let at = runtimes.iter().position(|runtime| runtime.id == shared.id);
    let gone = at.map(|at| runtimes.swap_remove(at));
    drop(runtimes);
    drop(gone);
}

/// Puts those with several workers into `to`.
pub(super) fn several(to: &mut Vec<Ref>) {
    to.extend(RUNTIMES.lock().iter().filter(|runtime| runtime.several).cloned());
}
