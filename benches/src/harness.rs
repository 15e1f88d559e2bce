//! Cells, and how they are run: contenders in turn, round after round, each on a fresh runtime with pinned workers.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Each cell once, tiny: does it run at all?
    Smoke,
    /// Under two minutes.
    Quick,
    Full,
}

impl Scale {
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Smoke => 1,
            Self::Quick => 3,
            Self::Full => 7,
        }
    }

    /// So many messages, of `full` in a full run.
    pub(crate) fn of(self, full: usize) -> usize {
        match self {
            Self::Smoke => (full / 5_000).max(64),
            Self::Quick => full / 2,
            Self::Full => full,
        }
    }

    /// How long one run may take before it counts as hung.
    fn patience(self) -> Duration {
        Duration::from_secs(if self == Self::Smoke { 5 } else { 20 })
    }
}

/// What a cell's figures mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    MillionPerSecond,
    Nanoseconds,
    Bytes,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MillionPerSecond => "M/s",
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        self == Self::MillionPerSecond
    }

    /// The figure of `count` operations in `time`.
    pub(crate) fn of(self, count: usize, time: Duration) -> f64 {
        match self {
            Self::MillionPerSecond => count as f64 / time.as_secs_f64() / 1e6,
            Self::Nanoseconds | Self::Bytes => time.as_nanos() as f64 / count as f64,
        }
    }
}

/// A run's figure, or what went wrong.
pub(crate) type Outcome = Result<f64, String>;

/// One library in one cell.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn Fn(Scale) -> Outcome>,
}

/// What is measured, and who takes part.
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) contenders: Vec<Contender>,
}

impl Cell {
    pub(crate) fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, contenders: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, run: impl Fn(Scale) -> Outcome + 'static) {
        self.contenders.push(Contender { name, run: Box::new(run) });
    }
}

/// All figures of one contender.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) figures: Vec<f64>,
    /// Why it was given up.
    pub(crate) failure: Option<String>,
}

impl Series {
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.figures.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match (sorted.len(), sorted.len() % 2) {
            (0, _) => None,
            (_, 0) => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
            _ => Some(sorted[middle]),
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.figures.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.figures.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Runs a cell: A B C, A B C, …
pub(crate) fn run(cell: &Cell, scale: Scale) -> Vec<Series> {
    let mut all: Vec<Series> = cell
        .contenders
        .iter()
        .map(|contender| Series { name: contender.name, figures: Vec::new(), failure: None })
        .collect();
    for _ in 0..scale.rounds() {
        for (contender, series) in std::iter::zip(&cell.contenders, &mut all) {
            if series.failure.is_none() {
                match (contender.run)(scale) {
                    Ok(figure) => series.figures.push(figure),
                    Err(failure) => series.failure = Some(failure),
                }
            }
        }
    }
    all
}

/// Which of Tokio's runtimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Two workers.
    Multi,
    /// One thread.
    Current,
}

impl Flavor {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Multi => "mt",
            Self::Current => "ct",
        }
    }
}

/// Pins this thread to one core.
fn pin(index: usize) {
    if let Some(cores) = core_affinity::get_core_ids()
        && !cores.is_empty()
    {
        core_affinity::set_for_current(cores[index % cores.len()]);
    }
}

/// Runs `work` as a task on a fresh runtime with pinned threads. An error: it hung, or panicked.
pub(crate) fn on_runtime<F>(flavor: Flavor, scale: Scale, work: F) -> Result<F::Output, String>
where
    F: Future<Output: Send> + Send + 'static,
{
    // A thread of its own: pinning it must not pin the caller, whose children would inherit that.
    let drive = move || {
        let runtime = match flavor {
            Flavor::Multi => {
                let next = AtomicUsize::new(0);
                Builder::new_multi_thread()
                    .worker_threads(2)
                    .on_thread_start(move || pin(next.fetch_add(1, Ordering::Relaxed)))
                    .enable_all()
                    .build()
            }
            Flavor::Current => {
                pin(0);
                Builder::new_current_thread().enable_all().build()
            }
        }
        .map_err(|error| error.to_string())?;
        let result = runtime.block_on(async {
            let task = tokio::spawn(work);
            match tokio::time::timeout(scale.patience(), task).await {
                Ok(Ok(output)) => Ok(output),
                Ok(Err(error)) => Err(format!("panicked: {error}")),
                Err(_) => Err(format!("hangs ({:?})", scale.patience())),
            }
        });
        runtime.shutdown_background();
        result
    };
    std::thread::scope(|scope| scope.spawn(drive).join().unwrap_or_else(|_| Err("panicked".to_owned())))
}

/// Says so if a run has received more or fewer messages than were sent.
pub(crate) fn complete(received: u64, sent: usize) -> Result<(), String> {
    match received.cmp(&(sent as u64)) {
        std::cmp::Ordering::Less => Err(format!("loses messages: {received} of {sent}")),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(format!("sends what lost its select, too: {received} instead of {sent}")),
    }
}
