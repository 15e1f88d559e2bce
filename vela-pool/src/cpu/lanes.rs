//! The queue of a CPU pool: three lanes, from which a cancelled job is taken out of the middle.
//!
//! - Q1: within a lane, numbers rise from front to back; a job that was taken out leaves a hole under its number.
//! - Q2: `jobs` is the number of jobs in a lane, and after a removal there are at most as many holes as jobs, and 16.

use std::collections::VecDeque;

use super::Priority;

/// Which job in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) priority: Priority,
    pub(super) number: u64,
}

#[derive(Debug)]
pub(super) struct Lanes<J> {
    lanes: [Lane<J>; 3],
    next: u64,
}

#[derive(Debug)]
struct Lane<J> {
    /// With their numbers.
    places: VecDeque<(u64, Option<J>)>,
    jobs: usize,
}

impl<J> Lanes<J> {
    pub(super) fn new() -> Self {
        Self { lanes: [(); 3].map(|()| Lane { places: VecDeque::new(), jobs: 0 }), next: 1 }
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.jobs).sum()
    }

    pub(super) fn push(&mut self, priority: Priority, job: impl FnOnce(u64) -> J) {
        let number = self.next;
        self.next += 1;
        let lane = &mut self.lanes[priority as usize];
        lane.places.push_back((number, Some(job(number))));
        lane.jobs += 1;
    }

    /// The job that is to run next: the oldest of the best lane.
    pub(super) fn pop(&mut self) -> Option<J> {
        self.lanes.iter_mut().find_map(Lane::pop)
    }

    /// The job that matters least: the oldest of the worst lane, unless `priority` is still less.
    pub(super) fn pop_least(&mut self, priority: Priority) -> Option<J> {
        let worst = self.lanes.iter().rposition(|lane| lane.jobs > 0)?;
        if worst < priority as usize { None } else { self.lanes[worst].pop() }
    }

    /// Takes a job out, if it is still there.
    pub(super) fn remove(&mut self, place: Place) -> Option<J> {
        self.lanes[place.priority as usize].remove(place.number)
    }
}

impl<J> Lane<J> {
    fn pop(&mut self) -> Option<J> {
        loop {
            let (_, job) = self.places.pop_front()?;
            if job.is_some() {
                self.jobs -= 1;
                return job;
            }
        }
    }

    fn remove(&mut self, number: u64) -> Option<J> {
        let at = self.places.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let job = self.places[at].1.take()?;
        self.jobs -= 1;
        // Otherwise holes pile up behind a job that waits for long (Q2).
        if self.places.len() > 2 * self.jobs + 16 {
            self.places.retain(|(_, job)| job.is_some());
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(lanes: &mut Lanes<u64>, priority: Priority) -> Place {
        let mut given = 0;
        lanes.push(priority, |number| {
            given = number;
            number
        });
        Place { priority, number: given }
    }

    #[test]
    fn the_best_lane_goes_first_and_each_in_order() {
        let mut lanes = Lanes::new();
        let all = [Priority::Low, Priority::Normal, Priority::High, Priority::Normal, Priority::High];
        let all = all.map(|priority| push(&mut lanes, priority).number);
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop()).collect();
        assert_eq!(order, [all[2], all[4], all[1], all[3], all[0]]);
    }

    #[test]
    fn the_least_is_the_oldest_of_the_worst_lane_that_is_not_better_than_the_new_job() {
        let mut lanes = Lanes::new();
        let high = push(&mut lanes, Priority::High);
        let normal = push(&mut lanes, Priority::Normal);
        push(&mut lanes, Priority::Normal);
        assert_eq!(lanes.pop_least(Priority::Low), None, "all are better");
        assert_eq!(lanes.pop_least(Priority::High), Some(normal.number));
        assert_eq!(lanes.pop_least(Priority::Normal), Some(normal.number + 1));
        assert_eq!(lanes.pop_least(Priority::Normal), None);
        assert_eq!(lanes.pop_least(Priority::High), Some(high.number));
        assert_eq!(lanes.pop_least(Priority::High), None);
    }

    /// Against a list.
    #[test]
    fn random_pushes_pops_and_removals() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut lanes = Lanes::new();
        let mut model: Vec<Place> = Vec::new();
        for _ in 0..100_000 {
            match random.u8(..4) {
                0 | 1 => {
                    let priority = random.choice([Priority::High, Priority::Normal, Priority::Low]).unwrap();
                    model.push(push(&mut lanes, priority));
                }
                2 if !model.is_empty() && random.bool() => {
                    let place = model.remove(random.usize(..model.len()));
                    assert_eq!(lanes.remove(place), Some(place.number));
                    assert_eq!(lanes.remove(place), None);
                    let lane = &lanes.lanes[place.priority as usize];
                    assert!(lane.places.len() <= 2 * lane.jobs + 16, "holes pile up");
                }
                _ => {
                    let best = (0..model.len()).min_by_key(|&at| (model[at].priority as usize, model[at].number));
                    assert_eq!(lanes.pop(), best.map(|best| model.remove(best).number));
                }
            }
            assert_eq!(lanes.len(), model.len());
        }
    }
}
