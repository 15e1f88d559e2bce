//! Who goes next: the strategies.
//!
//! Each is asked for one [`Decision`] a step, out of what is [possible](View), and for a number where a select draws among its
//! arms. What they decide is recorded by the executor, so that any schedule can be made again by [`Driver::Follow`].

use crate::decision::Decision;
use crate::faults::Faults;
use crate::seed::{Rng, Seed};
use crate::tree::Tree;

/// How schedules are chosen.
///
/// # Examples
///
/// ```
/// use vela_sim::{Simulation, Strategy};
///
/// // Every schedule that takes the processor away from a task at most twice.
/// let passed = Simulation::new()
///     .strategy(Strategy::Exhaustive { preemptions: Some(2) })
///     .check(|| async {
///         let (tx, rx) = vela_core::channel(1);
///         vela_core::task::spawn(async move { tx.send(7).await });
///         assert_eq!(rx.recv().await, Some(7));
///     })?;
/// assert!(passed.complete);
/// # Ok::<(), vela_sim::Failure>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Random and PCT schedules in turn. The default.
    #[default]
    Mixed,
    /// At each step each ready task is equally likely.
    Random,
    /// Probabilistic concurrency testing: tasks have random priorities, the highest one runs, and `depth - 1` times in a
    /// schedule the running task loses its priority. Finds bugs that need few, badly placed switches: a bug of depth d among
    /// n tasks and k steps with a probability of at least 1 / (n k^(d-1)) in each schedule (Burckhardt, Kothari, Musuvathi
    /// and Nagarakatte, ASPLOS 2010).
    Pct {
        /// How many ordering constraints the bug needs, 1 to 15.
        depth: u32,
    },
    /// Every schedule, each exactly once. With a bound: those in which a task that could go on is interrupted at most
    /// `preemptions` times.
    Exhaustive {
        /// The bound; `None`: none.
        preemptions: Option<u32>,
    },
}

/// What is possible at a step.
pub(crate) struct View<'a> {
    /// The tasks that can go on, in ascending order; not empty.
    pub(crate) ready: &'a [u32],
    /// Who took the last step.
    pub(crate) last: u32,
    /// The last one gives way of its own accord: to leave it is no preemption.
    pub(crate) gave_way: bool,
    /// The faults that are possible. Empty unless there are any.
    pub(crate) faults: &'a [Decision],
}

impl View<'_> {
    /// Whether the last task would go on if nobody interrupted it.
    fn goes_on(&self) -> bool {
        !self.gave_way && self.ready.binary_search(&self.last).is_ok()
    }

    /// The task that runs where nothing is decided: the last one for as long as it can, then the next one in turn.
    fn natural(&self) -> u32 {
        if self.goes_on() {
            return self.last;
        }
        let next = self.ready.partition_point(|&task| task <= self.last);
        self.ready.get(next).copied().unwrap_or(self.ready[0])
    }
}

/// A strategy in the course of one schedule.
pub(crate) enum Driver {
    Seeded(Box<Seeded>),
    Exhaustive(Tree),
    Follow(Follow),
}

impl Driver {
    pub(crate) fn follow(decisions: Vec<Decision>) -> Self {
        Self::Follow(Follow::new(decisions))
    }

    /// How many faults there may be: those that were asked for; in a search that tries them everywhere, once each; as many
    /// as there are in a list.
    pub(crate) fn bound(&self, faults: Faults) -> Faults {
        match self {
            Self::Seeded(_) => faults,
            Self::Exhaustive(_) => faults.bounded(),
            Self::Follow(follow) => follow.faults,
        }
    }

    /// Whether a fault may come at this step: if so, the next view has to name those that are possible.
    pub(crate) fn wants_fault(&self) -> bool {
        match self {
            Self::Seeded(seeded) => seeded.plan.last().is_some_and(|&(step, _)| step <= seeded.step),
            Self::Exhaustive(_) => true,
            Self::Follow(follow) => follow.at < follow.faulty,
        }
    }

    /// What happens next.
    pub(crate) fn next(&mut self, view: &View<'_>) -> Decision {
        match self {
            Self::Seeded(seeded) => seeded.next(view),
            Self::Exhaustive(tree) => tree.next(view.ready, view.goes_on().then_some(view.last), view.faults),
            Self::Follow(follow) => follow.next(view),
        }
    }

    /// A number below `n`, which is at least 2.
    pub(crate) fn draw(&mut self, n: usize) -> usize {
        match self {
            Self::Seeded(seeded) => seeded.rng.below(n),
            Self::Exhaustive(tree) => tree.draw(n),
            Self::Follow(follow) => follow.draw(n),
        }
    }
}

/// Which kind of fault, without its task.
type Planned = fn(u32) -> Decision;

/// A schedule that is made from a [`Seed`].
pub(crate) struct Seeded {
    rng: Rng,
    step: u64,
    /// When faults are to come: spread over the whole schedule, because most bugs need them at one particular place. The next
    /// one is at the end.
    plan: Vec<(u64, Planned)>,
    pct: Option<Pct>,
}

impl Seeded {
    pub(crate) fn new(seed: Seed, faults: Faults) -> Self {
        let mut rng = seed.rng();
        let steps = seed.steps();
        let pct = (seed.depth() > 0).then(|| Pct::new(&mut rng, seed.depth(), steps));
        let kinds: [(u32, Planned); 4] = [
            (faults.polls, Decision::Poll),
            (faults.cancels, Decision::Cancel),
            (faults.panics, Decision::Panic),
            (faults.delays, Decision::Delay),
        ];
        let mut plan = Vec::new();
        for (many, kind) in kinds {
            plan.extend((0..many).map(|_| (rng.next() % steps, kind)));
        }
        plan.sort_by_key(|&(step, _)| std::cmp::Reverse(step));
        Self { rng, step: 0, plan, pct }
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        if let Some(fault) = self.fault(view.faults) {
            return fault;
        }
        self.step += 1;
        Decision::Run(match (&mut self.pct, view.ready) {
            (Some(pct), _) => pct.next(&mut self.rng, self.step, view),
            (None, [only]) => *only,
            (None, ready) => ready[self.rng.below(ready.len())],
        })
    }

    /// The fault that is due, for one of the tasks it is possible for; where it is not, it waits for its chance.
    fn fault(&mut self, possible: &[Decision]) -> Option<Decision> {
        let due = self.plan.iter().rev().take_while(|(step, _)| *step <= self.step).count();
        for place in (self.plan.len() - due..self.plan.len()).rev() {
            let kind = self.plan[place].1;
            let is_kind = |&fault: &Decision| std::mem::discriminant(&fault) == std::mem::discriminant(&kind(0));
            let many = possible.iter().copied().filter(is_kind).count();
            if many > 0 {
                self.plan.remove(place);
                let drawn = self.rng.below(many);
                return possible.iter().copied().filter(is_kind).nth(drawn);
            }
        }
        None
    }
}

/// Priorities: those that tasks start with, and below them those of tasks that were demoted.
pub(crate) struct Pct {
    priorities: Vec<i64>,
    /// The steps at which the running task is demoted, the next one at the end.
    changes: Vec<u64>,
    /// The last priority that a demoted task was given.
    lowest: i64,
}

impl Pct {
    fn new(rng: &mut Rng, depth: u32, steps: u64) -> Self {
        let mut changes: Vec<u64> = (1..depth).map(|_| rng.next() % steps).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self { priorities: Vec::new(), changes, lowest: 0 }
    }

    fn next(&mut self, rng: &mut Rng, step: u64, view: &View<'_>) -> u32 {
        // `ready` ascends: the last one may be the newest.
        while view.ready.last().is_some_and(|&newest| self.priorities.len() <= newest as usize) {
            self.priorities.push((rng.next() >> 1) as i64);
        }
        if view.gave_way {
            // It would spin until the end of the world otherwise.
            self.demote(view.last);
        }
        while self.changes.last().is_some_and(|&change| change < step) {
            self.changes.pop();
            self.demote(self.highest(view.ready));
        }
        self.highest(view.ready)
    }

    fn highest(&self, ready: &[u32]) -> u32 {
        ready.iter().copied().max_by_key(|&task| self.priorities[task as usize]).unwrap_or(ready[0])
    }

    fn demote(&mut self, task: u32) {
        self.lowest -= 1;
        if let Some(priority) = self.priorities.get_mut(task as usize) {
            *priority = self.lowest;
        }
    }
}

/// Makes a list of decisions come true, as far as they are possible: one that is not is passed over, and where the list is at
/// its end everything goes its natural way. So a shortened list is a schedule, too.
pub(crate) struct Follow {
    decisions: Vec<Decision>,
    at: usize,
    /// Behind the last fault.
    faulty: usize,
    faults: Faults,
}

impl Follow {
    fn new(decisions: Vec<Decision>) -> Self {
        let mut faults = Faults::none();
        for &decision in &decisions {
            if let Some(many) = faults.of_kind(decision) {
                *many += 1;
            }
        }
        let faulty = decisions.iter().rposition(|decision| decision.is_fault()).map_or(0, |last| last + 1);
        Self { decisions, at: 0, faulty, faults }
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        while let Some(&decision) = self.decisions.get(self.at) {
            self.at += 1;
            let possible = match decision {
                Decision::Run(task) => view.ready.binary_search(&task).is_ok(),
                Decision::Draw(_) => false,
                fault => view.faults.contains(&fault),
            };
            if possible {
                return decision;
            }
        }
        Decision::Run(view.natural())
    }

    fn draw(&mut self, n: usize) -> usize {
        match self.decisions.get(self.at) {
            Some(&Decision::Draw(arm)) => {
                self.at += 1;
                (arm as usize).min(n - 1)
            }
            _ => 0,
        }
    }
}
