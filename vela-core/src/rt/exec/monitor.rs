//! A thread of the process that looks for runners that are stuck in a long poll while tasks wait behind it, as Go's
//! `sysmon`. It sleeps while no runner is busy.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::registry;
use super::share::Ref;

static ASLEEP: AtomicBool = AtomicBool::new(false);
static LOCK: Mutex<()> = Mutex::new(());
static WAKE: Condvar = Condvar::new();

/// Fewer polls than this between two looks are long ones.
const SLOW: u64 = 32;
/// How long it sleeps between two looks: while it finds something, after it was woken, and at most.
const SHORT: Duration = Duration::from_micros(200);
const FIRST: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_millis(8);
/// After so many looks at idle runners it sleeps until one is busy.
const PATIENCE: u32 = 4;

/// Starts it with the first runtime that has several workers.
pub(super) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Without it, tasks behind a long poll wait for its end: no reason to fail.
        let _ = std::thread::Builder::new().name("vela-monitor".into()).spawn(run);
    });
}

/// A runner has something to do.
#[inline]
pub(super) fn busy() {
    // SeqCst: the runner has cleared its bit in `Idle` and looks here; the monitor sets this and looks there.
    if ASLEEP.load(Ordering::SeqCst) {
        rouse();
    }
}

#[cold]
fn rouse() {
    let _lock = LOCK.lock();
    ASLEEP.store(false, Ordering::SeqCst);
    WAKE.notify_one();
}

fn run() {
    let mut runtimes = Vec::new();
    let (mut pause, mut idle) = (FIRST, 0);
    loop {
        std::thread::sleep(pause);
        registry::several(&mut runtimes);
        let mut found = false;
        for runtime in &runtimes {
            found |= look(runtime);
        }
        pause = if found { SHORT } else { (2 * pause).min(LONG) };
        idle = if all_idle(&runtimes) { idle + 1 } else { 0 };
        if idle > PATIENCE {
            sleep(&mut runtimes);
            (pause, idle) = (FIRST, 0);
        }
        runtimes.clear();
    }
}

/// Sleeps until a runner is busy.
fn sleep(runtimes: &mut Vec<Ref>) {
    ASLEEP.store(true, Ordering::SeqCst);
    // Pairs with `busy`: either it sees that, or its runner is seen here; that of a new runtime, too.
    fence(Ordering::SeqCst);
    runtimes.clear();
    registry::several(runtimes);
    let quiet = all_idle(runtimes);
    runtimes.clear();
    let mut lock = LOCK.lock();
    while quiet && ASLEEP.load(Ordering::SeqCst) {
        WAKE.wait(&mut lock);
    }
    ASLEEP.store(false, Ordering::SeqCst);
}

fn all_idle(runtimes: &[Ref]) -> bool {
    runtimes.iter().all(|runtime| runtime.all_idle())
}

/// Relieves the runners that are stuck. Whether there was anything to do.
fn look(runtime: &Ref) -> bool {
    let (mut found, mut moving) = (false, false);
    for slot in runtime.slots() {
        let now = slot.polls.load(Ordering::Relaxed);
        let before = slot.seen.swap(now, Ordering::Relaxed);
        moving |= now != before;
        let waiting = slot.len() != 0;
        if waiting && now == before {
            found = true;
            runtime.relieve(slot, true);
        } else if waiting && now.wrapping_sub(before) < SLOW && runtime.idle.0.any() {
            found = true;
            runtime.relieve(slot, false);
        }
    }
    if runtime.injected() != 0 && !runtime.idle.0.any() && !moving {
        // All are stuck, and there is work: perhaps they block in place.
        found = true;
        runtime.reinforce();
    }
    found
}
