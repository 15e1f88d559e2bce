//! Runs schedules until one fails or there are enough; then makes the most of the one that failed.

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
use crate::simulation::{Details, Failure, Only, Passed, Simulation};
use crate::strategy::{Driver, Seeded, Strategy};
use crate::tree::Tree;
use crate::verdict::{Output, Verdict};
use crate::watchdog::Beat;

/// How many schedules are tried, unless it is said.
const SCHEDULES: u64 = 100;

/// … by an exhaustive search.
const EXHAUSTIVE: u64 = 1_000_000;

/// How many schedules, and for how long, a failing one is shrunk.
const SHRINKING: u32 = 4_000;
const SHRINKING_TIME: Duration = Duration::from_secs(10);

/// How long another thread may take to wake a task before a deadlock is claimed.
const GRACE: Duration = Duration::from_millis(100);

/// Of those, how many are searched with each number of preemptions.
const SEARCHED: u32 = 600;

pub(crate) struct Exploration<'a, B> {
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
    pub(crate) fn new(options: &'a Simulation, body: B, site: &'static Location<'static>) -> Self {
        let executor = Executor::new(Beat::new(&options.name));
        Self { options, body, site, executor, limits: options.limits(), recycled: Vec::new() }
    }

    fn once(&mut self, driver: Driver, detailed: bool) -> Ended {
        let recycled = std::mem::take(&mut self.recycled);
        self.executor.run(driver, &self.limits, detailed, recycled, &self.body, self.site)
    }

    /// The schedule at which a search stands.
    fn search(&mut self, tree: &mut Tree) -> Ended {
        let went = std::mem::replace(tree, Tree::new(None));
        let mut run = self.once(Driver::Exhaustive(went), false);
        match std::mem::replace(&mut run.driver, Driver::follow(Vec::new())) {
            Driver::Exhaustive(back) => *tree = back,
            _ => unreachable!("the driver comes back as it went"),
        }
        run
    }

    pub(crate) fn run(mut self) -> Result<Passed, Failure> {
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
        let mut tree = Tree::new(preemptions);
        while passed.schedules < limit {
            let mut run = self.search(&mut tree);
            self.count(&mut passed, &run);
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
        Failure::new(Details {
            verdict,
            seed: seed.map(|seed| seed.0),
            schedule,
            steps: best.size.steps,
            steps_before: run.steps,
            hash: run.hash,
            decisions: best.decisions,
            report,
        })
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
            (Some(test), Some(Seed(seed))) => {
                format!("as it was found: VELA_SEED={seed:#x} cargo test {test} -- --exact")
            }
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
            let mut tree = Tree::new(Some(preemptions));
            for _ in 0..SEARCHED {
                let run = self.search(&mut tree);
                if let Some(smaller) = candidate(verdict, run)
                    && smaller.size < best.size
                {
                    best = smaller;
                }
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
