//! Cells, and how they are run: contenders in turn, round after round, each on a fresh runtime with pinned workers.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use core_affinity::CoreId;
use tokio::runtime::Builder;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Each cell once, tiny: does it run at all?
    Smoke,
    /// Under two minutes.
    Quick,
    /// As long as it takes.
    Full,
}

impl Scale {
    /// How often each contender runs.
    pub fn rounds(self) -> usize {
        match self {
            Self::Smoke => 1,
            Self::Quick => 3,
            Self::Full => 7,
        }
    }

    /// So many messages, of `full` in a full run.
    pub fn of(self, full: usize) -> usize {
        match self {
            Self::Smoke => (full / 5_000).max(64),
            Self::Quick => (full / 8).max(64),
            Self::Full => full,
        }
    }

    /// How long one run may take before it counts as hung.
    pub fn patience(self) -> Duration {
        Duration::from_secs(if self == Self::Full { 20 } else { 5 })
    }

    /// What the round is run with whose figures are thrown away.
    fn warm_up(self) -> Option<Self> {
        match self {
            Self::Smoke => None,
            Self::Quick => Some(Self::Smoke),
            Self::Full => Some(Self::Quick),
        }
    }
}

/// What a cell's figures mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Operations; more are better.
    MillionPerSecond,
    /// Of one operation.
    Nanoseconds,
    /// Of one operation.
    Milliseconds,
    /// Of one thing.
    Bytes,
}

impl Unit {
    /// As it stands in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::MillionPerSecond => "M/s",
            Self::Nanoseconds => "ns",
            Self::Milliseconds => "ms",
            Self::Bytes => "bytes",
        }
    }

    /// Whether the greater figure wins.
    pub fn more_is_better(self) -> bool {
        self == Self::MillionPerSecond
    }

    /// The figure of `count` operations in `time`.
    pub fn of(self, count: usize, time: Duration) -> f64 {
        match self {
            Self::MillionPerSecond => count as f64 / time.as_secs_f64() / 1e6,
            Self::Nanoseconds | Self::Bytes => time.as_nanos() as f64 / count as f64,
            Self::Milliseconds => time.as_nanos() as f64 / 1e6 / count as f64,
        }
    }

    /// The figure of an operation that takes so many nanoseconds.
    pub fn of_nanoseconds(self, each: f64) -> f64 {
        match self {
            Self::MillionPerSecond => 1e3 / each,
            Self::Milliseconds => each / 1e6,
            Self::Nanoseconds | Self::Bytes => each,
        }
    }
}

/// A figure with three digits.
pub fn short(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.2}")
    } else if figure < 100.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}

/// A run's figure, or what went wrong.
pub type Outcome = Result<f64, String>;

/// One library in one cell.
#[allow(missing_debug_implementations, reason = "it holds a function")]
pub struct Contender {
    /// The library, or the way it is used.
    pub name: &'static str,
    /// One run.
    pub run: Box<dyn Fn(Scale) -> Outcome>,
}

/// What is measured, and who takes part.
#[allow(missing_debug_implementations, reason = "it holds functions")]
pub struct Cell {
    /// The heading it stands under.
    pub group: &'static str,
    /// What runs.
    pub name: String,
    /// Of the figures.
    pub unit: Unit,
    /// Set for a point of a curve.
    pub point: Option<Point>,
    /// In the order in which they take turns.
    pub contenders: Vec<Contender>,
}

/// A place on a curve.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Its name.
    pub curve: &'static str,
    /// How many of what the curve is over.
    pub x: usize,
}

impl Cell {
    /// Nobody takes part yet.
    pub fn new(group: &'static str, name: impl Into<String>, unit: Unit) -> Self {
        Self { group, name: name.into(), unit, point: None, contenders: Vec::new() }
    }

    /// A point of a curve.
    pub fn point(curve: &'static str, x: usize) -> Self {
        let point = Some(Point { curve, x });
        Self { point, ..Self::new("Scaling", format!("{curve}: {x}"), Unit::Nanoseconds) }
    }

    /// One more contender.
    pub fn add(&mut self, name: &'static str, run: impl Fn(Scale) -> Outcome + 'static) {
        self.contenders.push(Contender { name, run: Box::new(run) });
    }

    /// Points of curves are dear: fewer rounds show their shape.
    pub fn rounds(&self, scale: Scale) -> usize {
        match (self.point, scale) {
            (Some(_), Scale::Quick) => 1,
            (Some(_), Scale::Full) => 5,
            _ => scale.rounds(),
        }
    }
}

/// All figures of one contender.
#[derive(Debug)]
pub struct Series {
    /// The contender.
    pub name: &'static str,
    /// One for each round.
    pub figures: Vec<f64>,
    /// Why it was given up.
    pub failure: Option<String>,
}

impl Series {
    /// `None`: there are no figures.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.figures.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match (sorted.len(), sorted.len() % 2) {
            (0, _) => None,
            (_, 0) => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
            _ => Some(sorted[middle]),
        }
    }

    /// The least figure.
    pub fn min(&self) -> f64 {
        self.figures.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The greatest figure.
    pub fn max(&self) -> f64 {
        self.figures.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Runs a cell: A B C, A B C, …, after a round that warms up.
pub fn run(cell: &Cell, scale: Scale) -> Vec<Series> {
    let mut all: Vec<Series> = cell
        .contenders
        .iter()
        .map(|contender| Series { name: contender.name, figures: Vec::new(), failure: None })
        .collect();
    let warm_up = scale.warm_up().filter(|_| cell.point.is_none());
    for round in warm_up.into_iter().chain(std::iter::repeat_n(scale, cell.rounds(scale))) {
        for (contender, series) in std::iter::zip(&cell.contenders, &mut all) {
            if series.failure.is_none() {
                match (contender.run)(round) {
                    Ok(figure) => series.figures.extend((round == scale).then_some(figure)),
                    Err(failure) => series.failure = Some(failure),
                }
            }
        }
    }
    all
}

/// Which of Tokio's runtimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Two workers.
    Multi,
    /// One thread.
    Current,
}

impl Flavor {
    /// As it stands in a cell's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multi => "mt",
            Self::Current => "ct",
        }
    }
}

/// Pins this thread to one core.
pub fn pin(index: usize) {
    /// Asked for by the first thread that is to be pinned: one that is pinned, and whom it starts, is told of its own core only.
    static CORES: LazyLock<Vec<CoreId>> = LazyLock::new(|| core_affinity::get_core_ids().unwrap_or_default());
    if !CORES.is_empty() {
        core_affinity::set_for_current(CORES[index % CORES.len()]);
    }
}

/// Runs `work` as a task of Tokio's on a fresh runtime with pinned threads. An error: it hung, or panicked.
pub fn on_runtime<F>(flavor: Flavor, scale: Scale, work: F) -> Result<F::Output, String>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    on_runtime_as(false, flavor, scale, work)
}

/// As [`on_runtime`]; `go`: as a task of Vela's.
pub fn on_runtime_as<F>(go: bool, flavor: Flavor, scale: Scale, work: F) -> Result<F::Output, String>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    // One kind of future and of result for all: each would have a runtime's code generated for it.
    let (done, result) = std::sync::mpsc::channel();
    let work = Box::pin(async move { drop(done.send(work.await)) });
    // A thread of its own: pinning it must not pin the caller, whose children would inherit that.
    let driving = std::thread::spawn(move || drive(go, flavor, scale, work));
    driving.join().unwrap_or_else(|_| Err("panicked".to_owned()))?;
    result.recv().map_err(|_| "gave no result".to_owned())
}

fn drive(go: bool, flavor: Flavor, scale: Scale, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<(), String> {
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
        let task = async {
            if go {
                vela::task::spawn(work).await.map_err(|error| error.to_string())
            } else {
                tokio::spawn(work).await.map_err(|error| error.to_string())
            }
        };
        match tokio::time::timeout(scale.patience(), task).await {
            Ok(ended) => ended.map_err(|error| format!("panicked: {error}")),
            Err(_) => Err(format!("hangs ({:?})", scale.patience())),
        }
    });
    runtime.shutdown_background();
    result
}

/// Runs `work`, which starts threads, on a thread of its own, so that it can be given up when it hangs.
pub fn on_threads<R: Send + 'static>(scale: Scale, work: impl FnOnce() -> R + Send + 'static) -> Result<R, String> {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    match result.recv_timeout(scale.patience()) {
        Ok(result) => Ok(result),
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Err(format!("hangs ({:?})", scale.patience())),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err("panicked".to_owned()),
    }
}

/// Says so if a run has received more or fewer messages than were sent.
pub fn complete(received: u64, sent: usize) -> Result<(), String> {
    match received.cmp(&(sent as u64)) {
        std::cmp::Ordering::Less => Err(format!("loses messages: {received} of {sent}")),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(format!("sends what lost its select, too: {received} instead of {sent}")),
    }
}
