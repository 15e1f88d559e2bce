//! A random mesh of tasks, channels, selects, cancellations and closings, in which every value is accounted for.
//!
//! The run is a sequence of rounds. Each `World` has a few slots, in which one channel follows another, and tasks that
//! do random operations on them. At the end of a round each channel's books must balance: every value that was made was
//! received once, or handed back to its sender, or dropped where the contract says so; and each receiver saw each
//! sender's values in order.
//!
//! Every other round, by operations, is one of histories: see the module `history`.

mod account;
mod actor;
mod epoch;
mod port;
mod receiving;
mod selecting;
mod sending;
mod threads;
mod value;
pub(crate) mod violation;
mod watchdog;
pub(crate) mod watched;
mod world;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use fastrand::Rng;
use tokio::runtime::{Builder, Runtime};

use self::epoch::lock;
use self::world::{Report, World};
use crate::history;

/// Operations of a long and of a short round.
const ROUNDS: [u64; 2] = [1_000_000, 50_000];
/// Time between two lines of progress.
const NEWS: Duration = Duration::from_secs(5);

/// Which rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// As many operations of the one as of the other.
    #[default]
    Both,
    /// The mesh.
    Mesh,
    /// Histories.
    History,
}

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which rounds.
    pub kind: Kind,
    /// How many operations; a batch counts its values.
    pub ops: u64,
    /// Seeds the shape of the mesh and the decisions of the tasks; the schedule of the threads is the machine's own.
    pub seed: u64,
    /// When to stop at the latest.
    pub time: Option<Duration>,
}

/// Runs the mesh.
///
/// # Errors
///
/// If a value was lost, duplicated or reordered, or a history is not that of a queue. A run that hangs ends the process.
pub fn run(options: Options) -> anyhow::Result<()> {
    let kind = match options.kind {
        Kind::Both => "",
        Kind::Mesh => " --kind mesh",
        Kind::History => " --kind history",
    };
    let hint = format!("repeat with --seed {} --ops {}{kind}", options.seed, options.ops);
    let current = watchdog::Current::default();
    let (quit, quitting) = mpsc::channel();
    let watchdog = {
        let (current, hint) = (Arc::clone(&current), hint.clone());
        std::thread::spawn(move || watchdog::watch(&current, &quitting, &hint))
    };
    let result = rounds(options, &current, &hint);
    drop(quit);
    watchdog.join().ok().context("the watchdog panicked")?;
    let total = result?;
    total.print(&options);
    if violation::violations() > 0 {
        bail!("{} violations; {hint}", violation::violations());
    }
    Ok(())
}

/// Sums over all rounds.
#[derive(Default)]
struct Total {
    rounds: u64,
    tasks: usize,
    report: Report,
    histories: history::Report,
    elapsed: Duration,
}

fn rounds(options: Options, current: &watchdog::Current, hint: &str) -> anyhow::Result<Total> {
    let runtimes = (2..=4)
        .map(|workers| Builder::new_multi_thread().worker_threads(workers).enable_all().build())
        .collect::<std::io::Result<Vec<Runtime>>>()?;
    let mut rng = Rng::with_seed(options.seed);
    let mut total = Total::default();
    let start = Instant::now();
    let mut news = start;
    while total.ops() < options.ops
        && options.time.is_none_or(|time| start.elapsed() < time)
        && violation::violations() == 0
    {
        let seed = rng.u64(..);
        let runtime = &runtimes[rng.usize(..runtimes.len())];
        let quota = ROUNDS[rng.usize(..ROUNDS.len())].min(options.ops - total.ops());
        if total.history_is_next(options.kind) {
            let report = runtime.block_on(async { vela::task::spawn(history::round(seed, quota)).await })?;
            total.histories.add(report.with_context(|| hint.to_owned())?);
        } else {
            let world = Arc::new(World::random(seed));
            *lock(current) = Some(Arc::clone(&world));
            let report = runtime.block_on(async {
                // As a task, so that it shares the workers.
                let run = async move { world.run(quota).await };
                vela::task::spawn(run).await
            })?;
            *lock(current) = None;
            total.add(report);
        }
        total.elapsed = start.elapsed();
        if news.elapsed() > NEWS {
            news = Instant::now();
            println!(
                "{:>5.1} s: {:>6.1} M operations, {} rounds",
                total.elapsed.as_secs_f64(),
                total.ops() as f64 / 1e6,
                total.rounds + total.histories.rounds
            );
        }
    }
    Ok(total)
}

impl Total {
    fn add(&mut self, report: Report) {
        self.rounds += 1;
        self.tasks += report.tasks;
        self.report.ops += report.ops;
        self.report.epochs += report.epochs;
        self.report.sum.merge(report.sum);
    }

    fn ops(&self) -> u64 {
        self.report.ops + self.histories.checked
    }

    fn history_is_next(&self, kind: Kind) -> bool {
        match kind {
            Kind::Both => self.histories.checked < self.report.ops,
            Kind::Mesh => false,
            Kind::History => true,
        }
    }

    fn print(&self, options: &Options) {
        let seconds = self.elapsed.as_secs_f64();
        let ops = self.ops() as f64 / 1e6;
        println!("seed {}: {ops:.1} M operations in {seconds:.1} s ({:.2} M/s)", options.seed, ops / seconds);
        let Report { epochs, sum, .. } = &self.report;
        if self.rounds > 0 {
            println!(
                "mesh: {:.1} M operations, {} rounds, {} tasks, {} channels",
                self.report.ops as f64 / 1e6,
                self.rounds,
                self.tasks,
                epochs
            );
            println!(
                "values: {} made = {} received + {} handed back + {} dropped by contract; {} receives given up, {} values late by it",
                sum.created.values,
                sum.received.values,
                sum.returned.values,
                sum.dropped.values,
                sum.cancelled,
                sum.late
            );
        }
        let histories = &self.histories;
        if histories.rounds > 0 {
            println!(
                "histories: {:.1} M operations checked, {} of which found nothing, {} in two channels at once; {} rounds, {} channels, {} of them to the letter, {} receives given up in the others",
                histories.checked as f64 / 1e6,
                histories.empties,
                histories.together,
                histories.rounds,
                histories.channels,
                histories.strict,
                histories.given_up
            );
        }
        println!("violations: {}", violation::violations());
    }
}
