//! The ledger: what every actor of a tree has done, and what of it may not be.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use vela::actor::{Address, Children, Shutdown};
use vela::time::Instant;

use super::member::Member;
use super::plan::{Node, Rules};

/// Whose child an actor is: of which run of which cell; none of the root.
pub(crate) type Nursery = Option<(usize, u64)>;

pub(crate) struct Record {
    pub(crate) node: Arc<Node>,
    pub(crate) nursery: Nursery,
    pub(crate) address: Option<Address<Member>>,
    /// The run that is there.
    pub(crate) alive: Option<u64>,
    /// Whether that is starting.
    starting: bool,
    /// When the factory was called.
    calls: Vec<Instant>,
    /// Whether the API did something with it.
    pub(crate) touched: bool,
    /// The last message that was handled.
    last: u64,
}

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) cells: Vec<Record>,
    /// Handles, and of whom.
    pub(crate) nurseries: Vec<(Nursery, Rules, Children)>,
    calls: u64,
    runs: u64,
    handled: HashSet<u64>,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    pub(crate) linked: bool,
    /// Which runs were dropped, in order: the cell, the run.
    dropped: Vec<(usize, u64)>,
    /// Which runs have heard their stop hook.
    stopped: HashSet<u64>,
}

/// Shared by all.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Books>>);

impl Ledger {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }
}

impl Books {
    fn wrong(&mut self, cell: usize, what: &str) {
        let path = self.path(cell);
        self.wrong.push(format!("{path}: {what}"));
    }

    fn path(&self, cell: usize) -> String {
        let record = &self.cells[cell];
        let above = record.nursery.map_or_else(String::new, |(above, run)| format!("{}@{run}/", self.path(above)));
        format!("{above}{}#{cell}", record.node.name)
    }

    pub(crate) fn cell(&mut self, node: &Arc<Node>, nursery: Nursery) -> usize {
        self.cells.push(Record {
            node: Arc::clone(node),
            nursery,
            address: None,
            alive: None,
            starting: false,
            calls: Vec::new(),
            touched: false,
            last: 0,
        });
        self.cells.len() - 1
    }

    /// Its factory is called. Gives the number of such calls: what always went wrong in the same way would go on for ever.
    pub(crate) fn called(&mut self, cell: usize) -> u64 {
        if self.cells[cell].alive.is_some() {
            self.wrong(cell, "a second run while the first one is there");
        }
        for below in self.below(cell) {
            if self.cells[below].alive.is_some() {
                self.wrong(below, "a run that was left behind by the one above");
            }
        }
        let nursery = self.cells[cell].nursery;
        // One that is killed is dropped before those below, who may not know yet.
        if nursery.is_some_and(|(above, run)| self.cells[above].alive.is_some_and(|other| other != run)) {
            self.wrong(cell, "started below a later run of the one above");
        }
        let in_turn = self.rules(nursery).is_some_and(Rules::in_groups);
        if in_turn && self.siblings(nursery).any(|(_, record)| record.starting) {
            self.wrong(cell, "started before its turn");
        }
        if self.cells[cell].address.as_ref().is_some_and(|address| address.exit().is_some()) {
            self.wrong(cell, "started after its end");
        }
        self.cells[cell].calls.push(Instant::now());
        self.calls += 1;
        self.calls
    }

    pub(crate) fn made(&mut self, cell: usize) -> u64 {
        self.runs += 1;
        self.cells[cell].alive = Some(self.runs);
        self.cells[cell].starting = true;
        self.runs
    }

    pub(crate) fn started(&mut self, cell: usize) {
        self.cells[cell].starting = false;
    }

    pub(crate) fn stopped(&mut self, cell: usize, run: u64) {
        self.stopped.insert(run);
        if self.below(cell).any(|below| self.cells[below].alive.is_some()) {
            self.wrong(cell, "its stop hook came before the end of those below");
        }
    }

    pub(crate) fn dropped(&mut self, cell: usize, run: u64) {
        if self.cells[cell].alive.take() != Some(run) {
            self.wrong(cell, "a run that was not there is dropped");
        }
        self.cells[cell].starting = false;
        self.dropped.push((cell, run));
    }

    pub(crate) fn handled(&mut self, cell: usize, run: u64, message: u64) {
        if !self.handled.insert(message) {
            self.wrong(cell, "a message is handled twice");
        }
        if self.cells[cell].last > message {
            self.wrong(cell, "a message overtook another");
        }
        self.cells[cell].last = message;
        if self.cells[cell].alive != Some(run) {
            self.wrong(cell, "a run that is not there handles");
        }
    }

    /// It has ended for good, as its address says.
    pub(crate) fn ended(&mut self, cell: usize) {
        if self.cells[cell].alive.is_some() {
            self.wrong(cell, "its end was told while it was there");
        }
        if self.below(cell).any(|below| self.cells[below].alive.is_some()) {
            self.wrong(cell, "its end was told while some below were there");
        }
    }

    fn below(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        let of = |(below, record): (usize, &Record)| Some((below, record.nursery?.0));
        let pairs: Vec<_> = self.cells.iter().enumerate().filter_map(of).collect();
        pairs.into_iter().filter(move |(_, above)| *above == cell).map(|(below, _)| below)
    }

    pub(crate) fn siblings(&self, nursery: Nursery) -> impl Iterator<Item = (usize, &Record)> {
        self.cells.iter().enumerate().filter(move |(_, record)| record.nursery == nursery)
    }

    fn rules(&self, nursery: Nursery) -> Option<&Rules> {
        self.nurseries.iter().find(|(of, ..)| *of == nursery).map(|(_, rules, _)| rules)
    }

    pub(crate) fn touch(&mut self, nursery: Nursery, name: &str) {
        for record in self.cells.iter_mut().filter(|record| record.nursery == nursery && record.node.name == name) {
            record.touched = true;
        }
    }

    /// After a long time without trouble all are up that have to be.
    pub(crate) fn check_that_none_is_lost(&mut self) {
        for (nursery, ..) in self.nurseries.clone() {
            let there = nursery.is_none_or(|(above, run)| self.cells[above].alive == Some(run));
            if !there || self.siblings(nursery).any(|(_, record)| record.starting) {
                continue;
            }
            let lost: Vec<_> = self
                .siblings(nursery)
                .filter(|(_, record)| {
                    let ended = record.address.as_ref().is_none_or(|address| address.exit().is_some());
                    record.node.permanent && !record.touched && !ended && record.alive.is_none()
                })
                .map(|(cell, _)| cell)
                .collect();
            for cell in lost {
                self.wrong(cell, "lost: it is permanent, and not there");
            }
        }
    }

    /// How long they may take to stop, in the worst case.
    pub(crate) fn longest_stop(&self, nursery: Nursery) -> Duration {
        let times = self.siblings(nursery).map(|(cell, record)| match record.node.shutdown {
            Shutdown::Kill => Duration::ZERO,
            Shutdown::After(time) => time,
            _ => {
                let below = record.alive.map_or(Duration::ZERO, |run| self.longest_stop(Some((cell, run))));
                // It may be about to start, too.
                record.node.longest_stop() + below
            }
        });
        match self.rules(nursery) {
            Some(rules) => rules.longest_stop(times),
            None => times.sum(),
        }
    }

    /// Where `dropped` is now, and who is there.
    pub(crate) fn mark(&self) -> (usize, Vec<(usize, u64)>) {
        let there = self.cells.iter().enumerate().filter_map(|(cell, record)| Some((cell, record.alive?)));
        (self.dropped.len(), there.collect())
    }

    /// Those that were there stopped in reverse, one after the other, wherever the one above was not killed.
    pub(crate) fn check_order(&mut self, (from, there): &(usize, Vec<(usize, u64)>)) {
        for (nursery, rules, _) in self.nurseries.clone() {
            if rules.together
                || nursery
                    .is_some_and(|(_, run)| !self.stopped.contains(&run) || !there.iter().any(|(_, up)| *up == run))
            {
                continue;
            }
            let of = |list: &[(usize, u64)]| -> Vec<usize> {
                let siblings = list.iter().filter(|pair| self.cells[pair.0].nursery == nursery && there.contains(pair));
                siblings.map(|(cell, _)| *cell).collect()
            };
            let (mut expected, found) = (of(there), of(&self.dropped[*from..]));
            expected.reverse();
            if expected != found {
                self.wrong.push(format!("below {nursery:?} {expected:?} were to stop, {found:?} did"));
            }
        }
    }

    /// No supervisor that goes on, or went on, restarted more than it may.
    pub(crate) fn check_budgets(&mut self) {
        for (nursery, rules, _) in self.nurseries.clone() {
            if rules.in_groups() || rules.backoff.is_some() || rules.max_restarts == u32::MAX {
                continue;
            }
            let plain = |record: &&Record| !record.touched && record.node.spec.check().is_ok();
            let restarts = self.siblings(nursery).map(|(_, record)| record).filter(plain);
            let mut times: Vec<Instant> = restarts.flat_map(|record| record.calls.iter().skip(1).copied()).collect();
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
