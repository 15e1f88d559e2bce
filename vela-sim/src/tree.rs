//! The exhaustive search: a walk, depth first, over the tree of decisions. A schedule is a path from the root to a leaf; the
//! next one shares with it all but the last decision that has an alternative left.
//!
//! - X1: `path` holds the decisions of the current schedule that had more than one possibility, in order.
//! - X2: two schedules differ in at least one entry, and every combination comes up: entries count up like the digits of a
//!   number, the last one first. So each schedule is visited exactly once, and the walk ends.
//! - X3: the same prefix leads to the same possibilities; if it does not, the program is not deterministic, and the walk says
//!   so.

use crate::decision::Decision;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Branch {
    taken: u32,
    of: u32,
}

#[derive(Debug)]
pub(crate) struct Tree {
    path: Vec<Branch>,
    at: usize,
    bound: Option<u32>,
    preemptions: u32,
    options: Vec<Decision>,
    /// X3 was found broken.
    astray: bool,
}

impl Tree {
    pub(crate) fn new(bound: Option<u32>) -> Self {
        Self { path: Vec::new(), at: 0, bound, preemptions: 0, options: Vec::new(), astray: false }
    }

    /// Goes on to the next schedule; false if there is none.
    pub(crate) fn advance(&mut self) -> bool {
        // X3: a schedule uses up all of its path.
        self.astray |= self.at != self.path.len();
        self.at = 0;
        self.preemptions = 0;
        while let Some(branch) = self.path.last_mut() {
            if branch.taken + 1 < branch.of {
                branch.taken += 1;
                return true;
            }
            self.path.pop();
        }
        false
    }

    /// Whether the same decisions have led to different possibilities.
    pub(crate) fn is_astray(&self) -> bool {
        self.astray
    }

    pub(crate) fn next(&mut self, ready: &[u32], goes_on: Option<u32>, faults: &[Decision]) -> Decision {
        self.options.clear();
        // First what needs no preemption.
        match goes_on {
            Some(last) => {
                self.options.push(Decision::Run(last));
                if self.bound.is_none_or(|bound| self.preemptions < bound) {
                    self.options.extend(ready.iter().filter(|&&task| task != last).map(|&task| Decision::Run(task)));
                }
            }
            None => self.options.extend(ready.iter().map(|&task| Decision::Run(task))),
        }
        self.options.extend_from_slice(faults);
        let chosen = self.choose(self.options.len());
        let decision = self.options[chosen];
        if goes_on.is_some_and(|last| matches!(decision, Decision::Run(task) if task != last)) {
            self.preemptions += 1;
        }
        decision
    }

    pub(crate) fn draw(&mut self, n: usize) -> usize {
        self.choose(n)
    }

    fn choose(&mut self, n: usize) -> usize {
        if n == 1 {
            return 0;
        }
        let of = u32::try_from(n).unwrap_or(u32::MAX);
        match self.path.get(self.at) {
            Some(branch) if branch.of == of => {
                self.at += 1;
                branch.taken as usize
            }
            Some(_) => {
                self.astray = true;
                0
            }
            None => {
                self.path.push(Branch { taken: 0, of });
                self.at += 1;
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Walks over all interleavings of tasks that take so many steps each.
    fn walk(steps: &[usize], bound: Option<u32>) -> HashSet<Vec<u32>> {
        let mut tree = Tree::new(bound);
        let mut seen = HashSet::new();
        loop {
            let mut left = steps.to_vec();
            let mut schedule = Vec::new();
            loop {
                let ready: Vec<u32> = (0..left.len() as u32).filter(|&task| left[task as usize] > 0).collect();
                if ready.is_empty() {
                    break;
                }
                let last = schedule.last().copied().filter(|last| ready.contains(last));
                let Decision::Run(task) = tree.next(&ready, last, &[]) else { unreachable!("there are no faults") };
                left[task as usize] -= 1;
                schedule.push(task);
            }
            assert!(seen.insert(schedule), "a schedule was visited twice");
            assert!(!tree.is_astray());
            if !tree.advance() {
                return seen;
            }
        }
    }

    #[test]
    fn every_interleaving_comes_up_exactly_once() {
        // Multinomial coefficients: 6! / (3! 3!), 6! / (2! 2! 2!), 5! / (1! 4!).
        assert_eq!(walk(&[3, 3], None).len(), 20);
        assert_eq!(walk(&[2, 2, 2], None).len(), 90);
        assert_eq!(walk(&[1, 4], None).len(), 5);
    }

    #[test]
    fn a_bound_leaves_out_those_with_more_preemptions() {
        // Two tasks of 3 steps: either goes first; without preemption it runs to its end. With one preemption the first is
        // left after 1 or 2 of its steps, and the second then runs to its end (2 × 2 schedules more).
        assert_eq!(walk(&[3, 3], Some(0)).len(), 2);
        assert_eq!(walk(&[3, 3], Some(1)).len(), 6);
        assert_eq!(walk(&[3, 3], Some(9)).len(), 20);
    }

    #[test]
    fn different_possibilities_after_the_same_decisions_are_noticed() {
        let mut tree = Tree::new(None);
        tree.draw(2);
        tree.draw(3);
        assert!(tree.advance());
        tree.draw(3);
        assert!(tree.is_astray());
    }

    #[test]
    fn a_schedule_that_ends_too_soon_is_noticed() {
        let mut tree = Tree::new(None);
        tree.draw(2);
        tree.draw(3);
        assert!(tree.advance());
        tree.draw(2);
        assert!(!tree.is_astray());
        tree.advance();
        assert!(tree.is_astray());
    }
}
