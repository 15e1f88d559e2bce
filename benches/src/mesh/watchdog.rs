//! Notices when nothing moves any more, says where everybody stands, and ends the process.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::epoch::lock;
use super::world::World;

/// How long nothing may move.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a dump may take: a lock that is never released must not stop it.
const DUMP: Duration = Duration::from_secs(5);
/// Exit status of a run that hung.
const HUNG: i32 = 3;

/// The round that is running.
pub(crate) type Current = Arc<Mutex<Option<Arc<World>>>>;

/// Watches until the other end of `quit` is dropped. `hint`: how to repeat the run.
pub(crate) fn watch(current: &Current, quit: &Receiver<()>, hint: &str) {
    let mut last = (0, Vec::new());
    let mut since = Instant::now();
    while quit.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
        let Some(world) = lock(current).clone() else { continue };
        let state = (Arc::as_ptr(&world) as usize, world.laggards());
        if state.1.is_empty() || state != last {
            last = state;
            since = Instant::now();
        } else if since.elapsed() > PATIENCE {
            eprintln!("hung: {} tasks have not come round for {PATIENCE:?}; {hint}", state.1.len());
            eprintln!("{}", world.tasks_in_words());
            let dump = std::thread::spawn(move || eprintln!("{}", world.channels_in_words()));
            let deadline = Instant::now() + DUMP;
            while !dump.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
            if !dump.is_finished() {
                eprintln!("(a channel's lock is held for good)");
            }
            std::process::exit(HUNG);
        }
    }
}
