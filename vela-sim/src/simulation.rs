//! A simulation's options, and what comes out of it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::decision::{self, Decision};
use crate::executor::Limits;
use crate::exploration::Exploration;
use crate::faults::Faults;
use crate::strategy::Strategy;
use crate::verdict::{Output, Verdict};

const MAX_STEPS: u64 = 100_000;

/// Runs a piece of async code again and again, each time in another schedule.
///
/// # Examples
///
/// ```
/// use vela_sim::{Simulation, Verdict};
///
/// // Two tasks that take two things in different orders.
/// let failure = Simulation::new()
///     .schedules(1_000)
///     .check(|| async {
///         let (a, b) = (vela_core::sync::Semaphore::new(1), vela_core::sync::Semaphore::new(1));
///         let (first, second) = (b.clone(), a.clone());
///         let other = vela_core::task::spawn(async move {
///             let _b = first.acquire(1).await;
///             let _a = second.acquire(1).await;
///         });
///         let _a = a.acquire(1).await;
///         let _b = b.acquire(1).await;
///         drop((_a, _b));
///         other.await.ok();
///     })
///     .unwrap_err();
/// assert_eq!(*failure.verdict(), Verdict::Deadlock);
/// println!("{failure}");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a simulation does nothing until `check`"]
pub struct Simulation {
    pub(crate) name: String,
    pub(crate) schedules: Option<u64>,
    pub(crate) strategy: Strategy,
    pub(crate) seed: Option<u64>,
    pub(crate) only: Option<Only>,
    pub(crate) faults: Faults,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) max_steps: u64,
    pub(crate) leaks_allowed: bool,
    /// The test's name, as a filter for `cargo test`.
    pub(crate) test: Option<String>,
}

/// A single schedule.
#[derive(Clone, Debug)]
pub(crate) enum Only {
    Seed(u64),
    Decisions(Vec<Decision>),
}

/// What was tried, and that it went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// How many schedules were run.
    pub schedules: u64,
    /// How many steps these were.
    pub steps: u64,
    /// An exhaustive search has visited everything there is within its bounds.
    pub complete: bool,
    /// A number that stands for everything that was decided and has happened: the same seed gives the same number, in each
    /// process and build.
    pub hash: u64,
}

/// A schedule that fails.
#[derive(Clone)]
pub struct Failure(Box<Details>);

#[derive(Clone)]
pub(crate) struct Details {
    pub(crate) verdict: Verdict,
    pub(crate) seed: Option<u64>,
    pub(crate) schedule: u64,
    pub(crate) steps: u64,
    pub(crate) steps_before: u64,
    pub(crate) hash: u64,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) report: String,
}

impl Failure {
    pub(crate) fn new(details: Details) -> Self {
        Self(Box::new(details))
    }

    /// What is wrong.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.0.verdict
    }

    /// The seed that makes the schedule again ([`Simulation::replay_seed`]); an exhaustive search has none.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.0.seed
    }

    /// The number of the schedule, from 0.
    #[must_use]
    pub fn schedule(&self) -> u64 {
        self.0.schedule
    }

    /// How many steps the shrunk schedule has.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.steps
    }

    /// How many it had when it was found.
    #[must_use]
    pub fn steps_before(&self) -> u64 {
        self.0.steps_before
    }

    /// The hash of the schedule that was found, before it was shrunk.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.0.hash
    }

    /// The decisions of the shrunk schedule, for [`Simulation::replay`].
    #[must_use]
    pub fn decisions(&self) -> String {
        decision::to_text(&self.0.decisions)
    }
}

/// The report.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.report)
    }
}

/// The report, too: it is what `unwrap` prints.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0.report)
    }
}

impl std::error::Error for Failure {}

impl Default for Simulation {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulation {
    /// 100 schedules, random and PCT in turn, without faults.
    pub fn new() -> Self {
        let thread = std::thread::current();
        Self {
            name: thread.name().unwrap_or("simulation").to_owned(),
            schedules: None,
            strategy: Strategy::Mixed,
            seed: None,
            only: None,
            faults: Faults::none(),
            time_limit: None,
            max_steps: MAX_STEPS,
            leaks_allowed: false,
            test: None,
        }
    }

    /// Its name, in reports; the default seed is made from it, too. Default: the thread's, which is that of the `#[test]`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How many schedules to run at most, at least one. Default: 100; for an exhaustive search 1,000,000.
    pub fn schedules(mut self, schedules: u64) -> Self {
        self.schedules = Some(schedules.max(1));
        self
    }

    /// How schedules are chosen.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The seed of the first schedule's seed. Default: made from the name, so each run tries the same schedules.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Runs the one schedule that a report gave this seed for.
    pub fn replay_seed(mut self, seed: u64) -> Self {
        self.only = Some(Only::Seed(seed));
        self
    }

    /// Runs the one schedule that these decisions make ([`Failure::decisions`]). What is not possible is passed over.
    ///
    /// # Errors
    ///
    /// If the text is no list of decisions: which word, in which line.
    pub fn replay(mut self, decisions: &str) -> Result<Self, String> {
        self.only = Some(Only::Decisions(decision::from_text(decisions)?));
        Ok(self)
    }

    /// What is done to tasks beside running them.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Fails when it takes longer than this, by the wall's clock.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Fails when a schedule takes more steps. Default: 100,000.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.max_steps = steps;
        self
    }

    /// Tasks may be left waiting for ever when the body has ended.
    pub fn allow_leaks(mut self) -> Self {
        self.leaks_allowed = true;
        self
    }

    /// Runs `body` in one schedule after the other. The body is the test: what it asserts must hold in each of them.
    ///
    /// # Errors
    ///
    /// The first schedule that fails, shrunk.
    ///
    /// # Panics
    ///
    /// If it is called in a simulation.
    #[track_caller]
    pub fn check<B, F>(self, body: B) -> Result<Passed, Failure>
    where
        B: Fn() -> F,
        F: Future<Output: Output>,
    {
        Exploration::new(&self, body, Location::caller()).run()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            faults: self.faults,
            max_steps: self.max_steps,
            leaks_allowed: self.leaks_allowed,
            until: self.time_limit.and_then(|limit| Instant::now().checked_add(limit)),
            grace: Duration::ZERO,
        }
    }
}
