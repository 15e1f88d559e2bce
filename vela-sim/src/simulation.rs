//! Tries schedules until one fails or there are enough.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::decision::{self, Decision};
use crate::executor::{Ended, Executor, Limits};
use crate::faults::Faults;
use crate::quiet::Quiet;
use crate::report::{self, Headline};
use crate::seed::{Rng, Seed, mix, of_text};
use crate::shrink::{self, Candidate, Size};
use crate::strategy::{Driver, Seeded, Strategy};
use crate::tree::Tree;
use crate::verdict::{Output, Verdict};
use crate::watchdog::Beat;

/// How many schedules are tried, unless it is said.
pub(crate) const SCHEDULES: u64 = 100;

/// … by an exhaustive search.
pub(crate) const EXHAUSTIVE: u64 = 1_000_000;

const MAX_STEPS: u64 = 100_000;

/// How many schedules, and for how long, a failing one is shrunk.
const SHRINKING: u32 = 4_000;
const SHRINKING_TIME: Duration = Duration::from_secs(10);

/// How long another thread may take to wake a task before a deadlock is claimed.
const GRACE: Duration = Duration::from_millis(100);

/// Of those, how many are searched with each number of preemptions.
const SEARCHED: u32 = 600;

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
struct Details {
    verdict: Verdict,
    seed: Option<u64>,
    schedule: u64,
    steps: u64,
    steps_before: u64,
    hash: u64,
    decisions: Vec<Decision>,
    report: String,
}

impl Failure {
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

    fn limits(&self) -> Limits {
        Limits {
            faults: self.faults,
            max_steps: self.max_steps,
            leaks_allowed: self.leaks_allowed,
            until: self.time_limit.and_then(|limit| Instant::now().checked_add(limit)),
            grace: Duration::ZERO,
        }
    }
}

struct Exploration<'a, B> {
    options: &'a Simulation,
    body: B,
    site: &'static Location<'static>,
    executor: Rc<Executor>,
    limits: Limits,
    recycled: Vec<Decision>,
}

/// A schedule that was found to fail.
struct Found {
    run: Ended,
    seed: Option<Seed>,
    schedule: u64,
}

impl<'a, B, F> Exploration<'a, B>
where
    B: Fn() -> F,
    F: Future<Output: Output>,
{
    fn new(options: &'a Simulation, body: B, site: &'static Location<'static>) -> Self {
        let executor = Executor::new(Beat::new(&options.name));
        Self { options, body, site, executor, limits: options.limits(), recycled: Vec::new() }
    }

    fn once(&mut self, driver: Driver, detailed: bool) -> Ended {
        let recycled = std::mem::take(&mut self.recycled);
        self.executor.run(driver, &self.limits, detailed, recycled, &self.body, self.site)
    }

    fn run(mut self) -> Result<Passed, Failure> {
        let quiet = Quiet::new();
        let result = match (&self.options.only, self.options.strategy) {
            (Some(Only::Seed(seed)), _) => {
                let seed = Seed(*seed);
                self.one(self.seeded(seed), Some(seed))
            }
            (Some(Only::Decisions(decisions)), _) => self.one(Driver::follow(decisions.clone()), None),
            (None, Strategy::Exhaustive { preemptions }) => self.exhaustive(preemptions),
            (None, _) => self.random(),
        };
        let result = result.map_err(|found| self.failure(*found));
        drop(quiet);
        result
    }

    fn one(&mut self, driver: Driver, seed: Option<Seed>) -> Result<Passed, Box<Found>> {
        let run = self.once(driver, false);
        if run.verdict.is_some() {
            return Err(Box::new(Found { run, seed, schedule: 0 }));
        }
        Ok(Passed { schedules: 1, steps: run.steps, complete: false, hash: run.hash })
    }

    fn seeded(&self, seed: Seed) -> Driver {
        Driver::Seeded(Box::new(Seeded::new(seed, self.limits.faults)))
    }

    fn random(&mut self) -> Result<Passed, Box<Found>> {
        let base = self.options.seed.unwrap_or_else(|| of_text(&self.options.name));
        let mut entropy = Rng::new(base);
        let mut passed = Passed { schedules: 0, steps: 0, complete: false, hash: 0 };
        let mut longest = 16;
        for schedule in 0..self.options.schedules.unwrap_or(SCHEDULES) {
            let depth = match self.options.strategy {
                Strategy::Pct { depth } => depth.max(1),
                // Depths 2, 3 and 4 in turn: 2 finds most bugs, and soonest.
                Strategy::Mixed if schedule % 2 == 1 => [2, 3, 2, 4][(schedule / 2 % 4) as usize],
                _ => 0,
            };
            let seed = Seed::new(depth, longest, entropy.next());
            let driver = self.seeded(seed);
            let run = self.once(driver, false);
            self.count(&mut passed, &run);
            longest = longest.max(run.body_steps);
            if let Some(found) = self.judge(run, Some(seed), schedule) {
                return Err(found);
            }
        }
        Ok(passed)
    }

    fn exhaustive(&mut self, preemptions: Option<u32>) -> Result<Passed, Box<Found>> {
        let limit = self.options.schedules.unwrap_or(EXHAUSTIVE);
        let mut passed = Passed { schedules: 0, steps: 0, complete: false, hash: 0 };
        let mut driver = Driver::Exhaustive(Tree::new(preemptions));
        while passed.schedules < limit {
            let mut run = self.once(driver, false);
            self.count(&mut passed, &run);
            driver = std::mem::replace(&mut run.driver, Driver::follow(Vec::new()));
            let Driver::Exhaustive(tree) = &mut driver else { unreachable!("the driver comes back as it went") };
            let more = tree.advance();
            if tree.is_astray() && run.verdict.is_none() {
                run.verdict = Some(Verdict::NotDeterministic);
            }
            if let Some(found) = self.judge(run, None, passed.schedules - 1) {
                return Err(found);
            }
            if !more {
                passed.complete = true;
                break;
            }
        }
        Ok(passed)
    }

    fn count(&mut self, passed: &mut Passed, run: &Ended) {
        passed.schedules += 1;
        passed.steps += run.steps;
        passed.hash = mix(passed.hash.rotate_left(1) ^ run.hash);
    }

    fn judge(&mut self, mut run: Ended, seed: Option<Seed>, schedule: u64) -> Option<Box<Found>> {
        if run.verdict.is_none() && self.limits.until.is_some_and(|until| Instant::now() > until) {
            run.verdict = Some(Verdict::OutOfTime);
        }
        if run.verdict.is_some() {
            return Some(Box::new(Found { run, seed, schedule }));
        }
        self.recycled = run.decisions;
        None
    }

    /// Checks that the failure can be had again, shrinks it, and writes the report.
    fn failure(&mut self, found: Found) -> Failure {
        let Found { run, seed, schedule } = found;
        let mut verdict = run.verdict.clone().expect("only failures come here");
        let mut original = None;
        // What follows must end, also where the test would not.
        self.limits.until = None;
        let most = if verdict.can_shrink() { run.steps.saturating_mul(4).saturating_add(1_000) } else { run.steps };
        self.limits.max_steps = self.limits.max_steps.min(most);
        if verdict.can_shrink() {
            // The same again, twice and in detail: is it deterministic?
            self.limits.grace = GRACE;
            let first = self.again(seed, &run);
            self.limits.grace = Duration::ZERO;
            if first.verdict == Some(Verdict::WokenFromOutside) {
                verdict = Verdict::WokenFromOutside;
            } else {
                let second = self.again(seed, &run);
                let traces = [&first, &second].map(|run| (run.hash, run.ledger.as_ref().map(|ledger| ledger.hash)));
                if traces[0] != traces[1] || first.hash != run.hash {
                    original = Some(std::mem::replace(&mut verdict, Verdict::NotDeterministic));
                }
            }
        }
        let size = Size::of(&run.decisions, run.steps);
        let mut best = Candidate { decisions: run.decisions.clone(), size };
        // What is replayed decision by decision is shown as it is.
        if verdict.can_shrink() && !matches!(self.options.only, Some(Only::Decisions(_))) {
            best = self.shrink(&verdict, best);
        }
        let detailed = self.once(Driver::follow(best.decisions.clone()), true);
        match detailed.verdict {
            // Numbers in it may differ in the shrunk schedule.
            Some(seen) if seen.same_as(&verdict) => verdict = seen,
            _ if verdict.can_shrink() => original = Some(std::mem::replace(&mut verdict, Verdict::NotDeterministic)),
            _ => {}
        }
        let found = match (seed, &self.options.only) {
            (Some(seed), None) => format!("seed {:#x}, schedule {schedule}", seed.0),
            (Some(seed), Some(_)) => format!("seed {:#x}", seed.0),
            (None, None) => format!("schedule {schedule} of an exhaustive search"),
            (None, Some(_)) => "replayed".to_owned(),
        };
        let headline = Headline { found, steps: best.size.steps, steps_before: run.steps, original };
        let ledger = detailed.ledger.unwrap_or_default();
        let again = self.hint(seed, &best.decisions);
        let report = report::write(&verdict, &headline, &ledger, &again);
        Failure(Box::new(Details {
            verdict,
            seed: seed.map(|seed| seed.0),
            schedule,
            steps: best.size.steps,
            steps_before: run.steps,
            hash: run.hash,
            decisions: best.decisions,
            report,
        }))
    }

    /// The same schedule in detail.
    fn again(&mut self, seed: Option<Seed>, run: &Ended) -> Ended {
        let driver = match seed {
            Some(seed) => self.seeded(seed),
            None => Driver::follow(run.decisions.clone()),
        };
        self.once(driver, true)
    }

    /// How to see the failure again.
    fn hint(&self, seed: Option<Seed>, decisions: &[Decision]) -> String {
        match (&self.options.test, seed) {
            // The file with the shrunk schedule is named by who writes it.
            (Some(test), Some(Seed(seed))) => format!("as it was found: VELA_SEED={seed:#x} cargo test {test}"),
            (Some(_), None) => String::new(),
            (None, _) if decisions.len() > 40 => "see it again: `Simulation::replay(&failure.decisions())`".to_owned(),
            (None, _) => format!("see it again: `Simulation::replay(\"{}\")`", decision::to_text(decisions)),
        }
    }

    fn shrink(&mut self, verdict: &Verdict, found: Candidate) -> Candidate {
        let until = Instant::now() + SHRINKING_TIME;
        let mut left = SHRINKING;
        let mut best = shrink::delta(found, &mut |decisions| {
            if left == 0 || Instant::now() > until {
                return Err(());
            }
            left -= 1;
            let run = self.once(Driver::follow(decisions), false);
            Ok(candidate(verdict, run))
        });
        // From the other side: is there a smaller one with few preemptions?
        let faults = std::mem::replace(&mut self.limits.faults, Faults::none());
        if best.size.faults > 0 {
            self.limits.faults = faults;
        }
        for preemptions in 0..=2 {
            let mut driver = Driver::Exhaustive(Tree::new(Some(preemptions)));
            for _ in 0..SEARCHED {
                let mut run = self.once(driver, false);
                driver = std::mem::replace(&mut run.driver, Driver::follow(Vec::new()));
                if let Some(smaller) = candidate(verdict, run)
                    && smaller.size < best.size
                {
                    best = smaller;
                }
                let Driver::Exhaustive(tree) = &mut driver else { unreachable!("the driver comes back as it went") };
                if !tree.advance() || Instant::now() > until {
                    break;
                }
            }
        }
        self.limits.faults = faults;
        best
    }
}

fn candidate(verdict: &Verdict, run: Ended) -> Option<Candidate> {
    let same = run.verdict.as_ref().is_some_and(|other| other.same_as(verdict));
    same.then(|| Candidate { size: Size::of(&run.decisions, run.steps), decisions: run.decisions })
}
