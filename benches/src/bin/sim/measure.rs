//! Rounds: each contender in turn for a fixed number of schedules, round after round.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use vela_benches::harness::Scale;

pub(crate) fn rounds(scale: Scale) -> usize {
    match scale {
        Scale::Smoke => 1,
        Scale::Quick => 3,
        Scale::Full => 9,
    }
}

/// How long one contender runs in a round.
fn slice(scale: Scale) -> Duration {
    match scale {
        Scale::Smoke => Duration::ZERO,
        Scale::Quick => Duration::from_millis(150),
        Scale::Full => Duration::from_millis(400),
    }
}

/// Schedules of a first, short run, from which the length of a round is worked out.
const TRIAL: u64 = 200;

/// What a run has done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) schedules: u64,
    pub(crate) steps: u64,
}

/// A program under a tool.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// It runs the program that all of these run, so that ratios mean something.
    pub(crate) same_program: bool,
    /// Runs so many schedules, with this seed. Fewer: there are no more.
    pub(crate) run: fn(u64, u64) -> Result<Done>,
}

/// All figures of one contender.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) same_program: bool,
    /// Schedules per second by the [`clock`], of each round, ascending.
    pub(crate) rates: Vec<f64>,
    pub(crate) done: Done,
}

impl Series {
    /// Schedules per second.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.rates.len() / 2;
        if self.rates.len() % 2 == 1 {
            self.rates[middle]
        } else {
            f64::midpoint(self.rates[middle - 1], self.rates[middle])
        }
    }

    pub(crate) fn steps_per_schedule(&self) -> f64 {
        self.done.steps as f64 / self.done.schedules as f64
    }

    pub(crate) fn nanoseconds_per_step(&self) -> f64 {
        1e9 / self.median() / self.steps_per_schedule()
    }
}

/// Counts this thread's time on the processor, so that others on the machine do not matter; the wall's, where the system does
/// not tell.
struct Stopwatch {
    wall: Instant,
    processor: Option<Duration>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { wall: Instant::now(), processor: processor_time() }
    }

    fn elapsed(&self) -> Duration {
        match (self.processor, processor_time()) {
            (Some(start), Some(end)) if end > start => end - start,
            _ => self.wall.elapsed(),
        }
    }
}

fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// Whether rates are by the processor's time.
pub(crate) fn clock() -> &'static str {
    if processor_time().is_some() { "processor time of the thread" } else { "wall time" }
}

/// Puts this process on one core. Call it while there is one thread.
pub(crate) fn pin() {
    if let Some(cores) = core_affinity::get_core_ids()
        && let Some(core) = cores.last()
    {
        core_affinity::set_for_current(*core);
    }
}

pub(crate) fn run(contenders: &[Contender], scale: Scale) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    let mut counts = Vec::new();
    for contender in contenders {
        let start = Instant::now();
        let done = (contender.run)(TRIAL, 0).context(contender.name)?;
        let each = start.elapsed().as_secs_f64() / done.schedules as f64;
        counts.push(((slice(scale).as_secs_f64() / each) as u64).max(TRIAL));
        let Contender { name, same_program, .. } = *contender;
        all.push(Series { name, same_program, rates: Vec::new(), done: Done { schedules: 0, steps: 0 } });
    }
    for round in 1..=rounds(scale) {
        for ((contender, &count), series) in contenders.iter().zip(&counts).zip(&mut all) {
            let start = Stopwatch::start();
            let done = (contender.run)(count, round as u64).context(contender.name)?;
            series.rates.push(done.schedules as f64 / start.elapsed().as_secs_f64());
            series.done.schedules += done.schedules;
            series.done.steps += done.steps;
        }
    }
    all.iter_mut().for_each(|series| series.rates.sort_by(f64::total_cmp));
    Ok(all)
}
