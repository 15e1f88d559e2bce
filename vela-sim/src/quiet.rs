//! Panics of tasks while schedules are tried: thousands of them must not be printed, but their place is worth knowing.

use std::cell::{Cell, RefCell};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// While it lives, panics on this thread are not printed.
pub(crate) struct Quiet {
    before: bool,
}

impl Quiet {
    pub(crate) fn new() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = take_hook();
            set_hook(Box::new(move |info| {
                if !note(info) {
                    before(info);
                }
            }));
        });
        Self { before: QUIET.replace(true) }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(self.before);
    }
}

/// Keeps the place of a panic; false if it is to be printed.
fn note(info: &PanicHookInfo<'_>) -> bool {
    if !QUIET.try_with(Cell::get).unwrap_or(false) {
        return false;
    }
    let place = info.location().map(ToString::to_string);
    PLACE.with(|slot| slot.replace(place));
    true
}

/// Where the last panic on this thread was.
pub(crate) fn take_place() -> Option<String> {
    PLACE.with(RefCell::take)
}
