//! What is found out at the end: is somebody lost, left behind or late, were orders and budgets kept?

use std::time::Duration;

use vela::actor::Shutdown;

use super::ledger::{Books, Handle, Nursery, Record};

/// How things are at a moment.
pub(crate) struct Mark {
    /// How many were dropped before.
    dropped: usize,
    /// Who is there.
    there: Vec<(usize, u64)>,
    /// Which of the highest have not ended.
    open: Vec<usize>,
    /// The last run that was made.
    runs: u64,
}

impl Books {
    /// Whether a nursery is there, as it has to be. (Of a value it is known only whether it has to be.)
    fn is_up(&self, nursery: Nursery) -> bool {
        let Some((above, run)) = nursery else { return true };
        let record = &self.cells[above];
        if !record.node.value {
            return record.alive == Some(run);
        }
        let has_ended = match &record.handle {
            Some(handle) => handle.has_ended(),
            // In another value it ends with that.
            None => !self.is_below_value(record.nursery),
        };
        let has_to_be = record.node.permanent && !record.touched && !has_ended;
        has_to_be && self.is_up(record.nursery) && !self.somebody_starts(record.nursery)
    }

    fn somebody_starts(&self, nursery: Nursery) -> bool {
        self.siblings(nursery)
            .any(|(cell, record)| record.starting || (record.node.value && self.somebody_starts(Some((cell, 0)))))
    }

    /// Who is not there and has to be.
    pub(crate) fn lost(&self) -> Vec<usize> {
        let mut lost = Vec::new();
        for &(nursery, ..) in &self.nurseries {
            if !self.is_up(nursery) || self.somebody_starts(nursery) {
                continue;
            }
            let below_value = self.is_below_value(nursery);
            let missing = |record: &Record| {
                // Below a value it may be that of one of a former run.
                let ended = !below_value && record.handle.as_ref().is_none_or(Handle::has_ended);
                let member = !record.node.value;
                member && record.node.permanent && !record.touched && !ended && record.alive.is_none()
            };
            lost.extend(self.siblings(nursery).filter(|(_, record)| missing(record)).map(|(cell, _)| cell));
        }
        lost
    }

    /// After a long time without trouble all are up that have to be.
    pub(crate) fn check_that_none_is_lost(&mut self) {
        for cell in self.lost() {
            self.wrong(cell, "lost: it is permanent, and not there");
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        let there = self.cells.iter().enumerate().filter_map(|(cell, record)| Some((cell, record.alive?)));
        let is_open = |record: &Record| record.handle.as_ref().is_some_and(|handle| !handle.has_ended());
        let open = self.siblings(None).filter(|(_, record)| is_open(record)).map(|(cell, _)| cell);
        Mark { dropped: self.dropped.len(), there: there.collect(), open: open.collect(), runs: self.runs }
    }

    /// How long those that had not ended then may have taken to stop, in the worst case.
    pub(crate) fn longest_stop(&self, mark: &Mark) -> Duration {
        mark.open.iter().map(|&cell| self.longest_stop_of(cell, mark)).sum()
    }

    fn longest_stop_of(&self, cell: usize, mark: &Mark) -> Duration {
        let node = &self.cells[cell].node;
        match node.shutdown {
            Shutdown::Kill => Duration::ZERO,
            Shutdown::After(time) => time,
            _ => {
                let later = |run| node.value || run > mark.runs || mark.there.contains(&(cell, run));
                let is_below = |nursery: Nursery| nursery.is_some_and(|(above, run)| above == cell && later(run));
                let below = self.cells.iter().enumerate().filter(|(_, record)| is_below(record.nursery));
                // Those of its plan once more: it may have been about to start.
                node.longest_stop() + below.map(|(below, _)| self.longest_stop_of(below, mark)).sum::<Duration>()
            }
        }
    }

    /// Whether the one above was there, and was not killed.
    fn stopped_in_peace(&self, nursery: Nursery, mark: &Mark) -> bool {
        let Some((above, run)) = nursery else { return true };
        let record = &self.cells[above];
        if record.node.value {
            // Nothing else is known of it.
            let patient = !matches!(record.node.shutdown, Shutdown::Kill | Shutdown::After(_));
            return patient && self.stopped_in_peace(record.nursery, mark);
        }
        self.stopped.contains_key(&run) && mark.there.contains(&(above, run))
    }

    /// Those that were there stopped in reverse, one after the other, wherever the one above was not killed. `faulty`: faults
    /// end some, whose turn that was not; they have no stop hook, or one that is told so.
    pub(crate) fn check_order(&mut self, mark: &Mark, faulty: bool) {
        for (nursery, rules, _) in self.nurseries.clone() {
            if rules.together || !self.stopped_in_peace(nursery, mark) {
                continue;
            }
            let counts = |&(cell, run): &(usize, u64)| {
                let in_turn = !faulty || self.stopped.get(&run) == Some(&true);
                self.cells[cell].nursery == nursery && mark.there.contains(&(cell, run)) && in_turn
            };
            let of = |list: &[(usize, u64)]| -> Vec<usize> {
                list.iter().filter(|pair| counts(pair)).map(|(cell, _)| *cell).collect()
            };
            let (mut expected, found) = (of(&mark.there), of(&self.dropped[mark.dropped..]));
            expected.reverse();
            if expected != found {
                self.wrong.push(format!("below {nursery:?} {expected:?} were to stop, {found:?} did"));
            }
        }
    }

    fn restarts_of(&self, record: &Record) -> &[Duration] {
        let id = record.handle.as_ref().map(|handle| handle.id());
        id.and_then(|id| self.restarts.get(&id)).map_or(&[], Vec::as_slice)
    }

    /// No supervisor that goes on, or went on, restarted more than it may, or more than it told.
    pub(crate) fn check_budgets(&mut self) {
        if self.missed {
            return;
        }
        for cell in 0..self.cells.len() {
            let record = &self.cells[cell];
            let one = record.handle.is_some() && !self.is_below_value(record.nursery);
            if one && record.calls > 1 + self.restarts_of(record).len() {
                self.wrong(cell, "restarted, and nobody was told");
            }
        }
        for (nursery, rules, _) in self.nurseries.clone() {
            if rules.in_groups() || rules.backoff.is_some() || rules.max_restarts == u32::MAX {
                continue;
            }
            // Each run of a value has a budget of its own, and runs are not told apart.
            if self.is_below_value(nursery) {
                continue;
            }
            let plain = |record: &&Record| !record.touched && !record.node.drains && record.node.spec.check().is_ok();
            let restarted = self.siblings(nursery).map(|(_, record)| record).filter(plain);
            let mut times: Vec<Duration> = restarted.flat_map(|record| self.restarts_of(record)).copied().collect();
            times.sort();
            let most = rules.max_restarts as usize;
            if times.windows(most + 1).any(|window| window[most] - window[0] <= rules.within) {
                self.wrong.push(format!("more than {most} restarts in {:?} below {nursery:?}", rules.within));
            }
        }
    }

    pub(crate) fn check_that_all_are_gone(&mut self) {
        let left: Vec<_> =
            self.cells.iter().enumerate().filter(|(_, record)| record.alive.is_some()).map(|(cell, _)| cell).collect();
        for cell in left {
            self.wrong(cell, "not dropped");
        }
    }
}
