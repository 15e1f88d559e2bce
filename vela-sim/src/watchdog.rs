//! A clock on the wall: one thread for the process that ends it, with a word, when a step of a simulation hangs. Nothing else
//! can be done about a task that blocks its thread, on a `std::sync::Mutex` that another task holds over an `.await`, say.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::environment::{number, variable};

/// How long one step may take, unless `VELA_WATCHDOG` says otherwise (in seconds; 0: for ever, for debuggers).
const PATIENCE: Duration = Duration::from_secs(60);

/// A sign of life of one simulation.
#[derive(Debug)]
pub(crate) struct Beat {
    name: String,
    /// Steps taken in all schedules.
    steps: AtomicU64,
    task: AtomicU32,
    sites: Mutex<Vec<&'static Location<'static>>>,
}

impl Beat {
    /// Registers a simulation with the watchdog.
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let beat = Arc::new(Self {
            name: name.to_owned(),
            steps: AtomicU64::new(0),
            task: AtomicU32::new(0),
            sites: Mutex::new(Vec::new()),
        });
        watch(&beat);
        beat
    }

    pub(crate) fn begin(&self) {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn spawned(&self, site: &'static Location<'static>) {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).push(site);
    }

    pub(crate) fn step(&self, task: u32) {
        // Relaxed: only looked at from time to time.
        self.task.store(task, Ordering::Relaxed);
        self.steps.store(self.steps.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    fn report(&self, patience: Duration) -> String {
        let task = self.task.load(Ordering::Relaxed);
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.get(task as usize).map_or(String::new(), |site| format!(" spawned at {site}"));
        format!(
            "vela: HANGS in `{}`: task {task}{site} has been in one step for {} s.\n\
             It blocks the only thread of a deterministic test: a lock of `std` or `parking_lot` that another task holds over \
             an `.await`, a blocking call, or a loop without an end.\n\
             The process ends here. (`VELA_WATCHDOG=0` waits for ever, for a debugger; `VELA_WATCHDOG=n` for n seconds.)",
            self.name,
            patience.as_secs(),
        )
    }
}

struct Watched {
    beat: Weak<Beat>,
    steps: u64,
    since: Instant,
}

fn watch(beat: &Arc<Beat>) {
    static ALL: OnceLock<Mutex<Vec<Watched>>> = OnceLock::new();
    static THREAD: Once = Once::new();
    let Some(patience) = patience() else { return };
    let all = ALL.get_or_init(Mutex::default);
    let watched = Watched { beat: Arc::downgrade(beat), steps: 0, since: Instant::now() };
    all.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
    THREAD.call_once(|| {
        let spawned = std::thread::Builder::new().name("vela watchdog".into()).spawn(move || patrol(all, patience));
        if let Err(error) = spawned {
            eprintln!("vela: the watchdog cannot be started, so a step that hangs will not be noticed: {error}");
        }
    });
}

fn patience() -> Option<Duration> {
    // A test has refused by now what cannot be read.
    let seconds = variable("VELA_WATCHDOG").ok().flatten().and_then(|text| number(&text).ok());
    match seconds.map(Duration::from_secs) {
        Some(Duration::ZERO) => None,
        Some(patience) => Some(patience),
        None => Some(PATIENCE),
    }
}

fn patrol(all: &Mutex<Vec<Watched>>, patience: Duration) {
    loop {
        std::thread::sleep((patience / 4).min(Duration::from_secs(1)));
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain_mut(|watched| {
            let Some(beat) = watched.beat.upgrade() else { return false };
            let steps = beat.steps.load(Ordering::Relaxed);
            if steps != watched.steps {
                (watched.steps, watched.since) = (steps, Instant::now());
            } else if watched.since.elapsed() >= patience {
                // Past the capture of the test harness, which would never show it.
                use std::io::Write;
                let report = format!("\n{}\n", beat.report(patience));
                let _ = std::io::stderr().write_all(report.as_bytes());
                std::process::exit(101);
            }
            true
        });
    }
}
