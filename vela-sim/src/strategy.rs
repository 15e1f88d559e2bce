//! Who goes next: the strategies.
//!
//! Each is asked for one [`Decision`] a step, out of what is [possible](View), and for a number where a select draws among its
//! arms. What they decide is recorded by the executor, so that any schedule can be made again by [`Driver::Follow`].

use crate::decision::Decision;
use crate::faults::Faults;
use crate::seed::{Kind, Rng, Seed};
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
    Random { rng: Rng },
    Pct(Pct),
    Exhaustive(Tree),
    Follow(Follow),
}

impl Driver {
    pub(crate) fn seeded(seed: Seed) -> Self {
        let rng = seed.rng();
        match seed.kind() {
            Kind::Random => Self::Random { rng },
            Kind::Pct { depth, steps } => Self::Pct(Pct::new(rng, depth, steps)),
        }
    }

    pub(crate) fn follow(decisions: Vec<Decision>) -> Self {
        Self::Follow(Follow { decisions, at: 0 })
    }

    /// Faults that are tried once each, everywhere, or now and then, many times.
    pub(crate) fn bound(&self, faults: Faults) -> Faults {
        if matches!(self, Self::Exhaustive(_)) { faults.bounded() } else { faults }
    }

    /// Whether a fault may come at this step: if so, the next view has to name those that are possible.
    pub(crate) fn wants_fault(&mut self) -> bool {
        match self {
            Self::Random { rng } | Self::Pct(Pct { rng, .. }) => rng.below(8) == 0,
            Self::Exhaustive(_) => true,
            Self::Follow(follow) => follow.wants_fault(),
        }
    }

    /// What happens next.
    pub(crate) fn next(&mut self, view: &View<'_>) -> Decision {
        match self {
            Self::Random { rng } | Self::Pct(Pct { rng, .. }) if !view.faults.is_empty() => {
                view.faults[rng.below(view.faults.len())]
            }
            Self::Random { rng } => Decision::Run(match view.ready {
                [only] => *only,
                ready => ready[rng.below(ready.len())],
            }),
            Self::Pct(pct) => Decision::Run(pct.next(view)),
            Self::Exhaustive(tree) => tree.next(view.ready, view.goes_on().then_some(view.last), view.faults),
            Self::Follow(follow) => follow.next(view),
        }
    }

    /// A number below `n`, which is at least 2.
    pub(crate) fn draw(&mut self, n: usize) -> usize {
        match self {
            Self::Random { rng } | Self::Pct(Pct { rng, .. }) => rng.below(n),
            Self::Exhaustive(tree) => tree.draw(n),
            Self::Follow(follow) => follow.draw(n),
        }
    }
}

/// Priorities: from `depth` up for tasks as they start, below it for those that were demoted.
pub(crate) struct Pct {
    rng: Rng,
    priorities: Vec<i64>,
    /// The steps at which the running task is demoted, ascending from the end of the list.
    changes: Vec<u64>,
    /// The next priority of those demoted.
    lowest: i64,
    step: u64,
}

impl Pct {
    fn new(mut rng: Rng, depth: u32, steps: u64) -> Self {
        let mut changes: Vec<u64> = (1..depth).map(|_| rng.next() % steps.max(1)).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self { rng, priorities: Vec::new(), changes, lowest: 0, step: 0 }
    }

    fn next(&mut self, view: &View<'_>) -> u32 {
        for &task in view.ready {
            while self.priorities.len() <= task as usize {
                let priority = (self.rng.next() >> 1) as i64;
                self.priorities.push(priority);
            }
        }
        if view.gave_way {
            // It would spin until the end of the world otherwise.
            self.demote(view.last);
        }
        while self.changes.last().is_some_and(|&change| change <= self.step) {
            self.changes.pop();
            self.demote(self.highest(view.ready));
        }
        self.step += 1;
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
}

impl Follow {
    fn wants_fault(&self) -> bool {
        self.decisions[self.at..]
            .iter()
            .find(|next| !matches!(next, Decision::Draw(_)))
            .is_some_and(|next| next.is_fault())
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
