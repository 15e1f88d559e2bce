//! The ledger: what every actor of a tree has done, and what of it may not be.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use vela::actor::events::{Event, EventKind};
use vela::actor::{Address, Children, Shutdown};

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
    /// How often the factory was called.
    calls: usize,
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
    /// Which runs have heard their stop hook, and whether it was said that all is well.
    stopped: HashMap<u64, bool>,
    /// By the number of the actor: when it was restarted, since the system began.
    restarts: HashMap<u64, Vec<Duration>>,
    /// Some of those were not heard of.
    pub(crate) missed: bool,
}

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
            calls: 0,
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
        self.cells[cell].calls += 1;
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

    pub(crate) fn stopped(&mut self, cell: usize, run: u64, well: bool) {
        self.stopped.insert(run, well);
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
        if self.cells.is_empty() {
            // Who tells it was held up until the books were closed.
            return;
        }
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

    /// What a supervisor has told.
    pub(crate) fn told(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::Restarting { .. }) {
            self.restarts.entry(event.id).or_default().push(event.at);
        }
    }

    /// Who is not there and has to be.
    pub(crate) fn lost(&self) -> Vec<usize> {
        let mut lost = Vec::new();
        for (nursery, ..) in &self.nurseries {
            let there = nursery.is_none_or(|(above, run)| self.cells[above].alive == Some(run));
            if !there || self.siblings(*nursery).any(|(_, record)| record.starting) {
                continue;
            }
            let missing = |record: &Record| {
                let ended = record.address.as_ref().is_none_or(|address| address.exit().is_some());
                record.node.permanent && !record.touched && !ended && record.alive.is_none()
            };
            lost.extend(self.siblings(*nursery).filter(|(_, record)| missing(record)).map(|(cell, _)| cell));
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
        let is_open = |record: &Record| record.address.as_ref().is_some_and(|address| address.exit().is_none());
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
                let later = |run| run > mark.runs || mark.there.contains(&(cell, run));
                let is_below = |nursery: Nursery| nursery.is_some_and(|(above, run)| above == cell && later(run));
                let below = self.cells.iter().enumerate().filter(|(_, record)| is_below(record.nursery));
                // Those of its plan once more: it may have been about to start.
                node.longest_stop() + below.map(|(below, _)| self.longest_stop_of(below, mark)).sum::<Duration>()
            }
        }
    }

    /// Those that were there stopped in reverse, one after the other, wherever the one above was not killed. `faulty`: faults
    /// end some, whose turn that was not; they have no stop hook, or one that is told so.
    pub(crate) fn check_order(&mut self, mark: &Mark, faulty: bool) {
        for (nursery, ..) in self.nurseries.clone() {
            let is_there = |run: u64| mark.there.iter().any(|(_, up)| *up == run);
            if nursery.is_some_and(|(_, run)| !self.stopped.contains_key(&run) || !is_there(run)) {
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
        let id = record.address.as_ref().map(|address| address.id().get());
        id.and_then(|id| self.restarts.get(&id)).map_or(&[], Vec::as_slice)
    }

    /// No supervisor that goes on, or went on, restarted more than it may, or more than it told.
    pub(crate) fn check_budgets(&mut self) {
        if self.missed {
            return;
        }
        for cell in 0..self.cells.len() {
            let record = &self.cells[cell];
            if record.address.is_some() && record.calls > 1 + self.restarts_of(record).len() {
                self.wrong(cell, "restarted, and nobody was told");
            }
        }
        for (nursery, rules, _) in self.nurseries.clone() {
            if rules.in_groups() || rules.backoff.is_some() || rules.max_restarts == u32::MAX {
                continue;
            }
            let plain = |record: &&Record| !record.touched && record.node.spec.check().is_ok();
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
