//! The ledger: what every actor of a tree has done, and what of it may not be.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use vela::actor::events::{Event, EventKind};
use vela::actor::{ActorId, Address, Children, Exit, Phase, Supervisor};

use super::member::Member;
use super::plan::{Node, Rules};

/// Whose child an actor is: of which run of which cell; none of the root. The runs of a value are not told apart: run 0.
pub(crate) type Nursery = Option<(usize, u64)>;

/// An address.
#[derive(Clone)]
pub(crate) enum Handle {
    Member(Address<Member>),
    Supervisor(Address<Supervisor>),
}

impl Handle {
    pub(crate) fn id(&self) -> ActorId {
        match self {
            Self::Member(address) => address.id(),
            Self::Supervisor(address) => address.id(),
        }
    }

    pub(crate) fn terminated(&self) -> Pin<Box<dyn Future<Output = Exit> + Send>> {
        match self {
            Self::Member(address) => Box::pin(address.terminated()),
            Self::Supervisor(address) => Box::pin(address.terminated()),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Member(address) => address.exit().is_some(),
            Self::Supervisor(address) => address.exit().is_some(),
        }
    }

    pub(crate) fn kill(&self) {
        match self {
            Self::Member(address) => address.kill(),
            Self::Supervisor(address) => address.kill(),
        }
    }

    pub(crate) fn stop(&self) {
        match self {
            Self::Member(address) => address.stop(),
            Self::Supervisor(address) => address.stop(),
        }
    }
}

pub(crate) struct Record {
    pub(crate) node: Arc<Node>,
    pub(crate) nursery: Nursery,
    /// Below a value: of the one that started last. Not known of a value in a value.
    pub(crate) handle: Option<Handle>,
    /// The run that is there. None of a value.
    pub(crate) alive: Option<u64>,
    /// Whether that is starting.
    pub(super) starting: bool,
    /// How often the factory was called.
    pub(super) calls: usize,
    /// Whether the API did something with it.
    pub(crate) touched: bool,
    /// The last message that was handled.
    last: u64,
}

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) cells: Vec<Record>,
    /// Handles, and of whom.
    pub(crate) nurseries: Vec<(Nursery, Rules, Option<Children>)>,
    calls: u64,
    pub(super) runs: u64,
    handled: HashSet<u64>,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    pub(crate) linked: bool,
    /// Which runs were dropped, in order: the cell, the run.
    pub(super) dropped: Vec<(usize, u64)>,
    /// Which runs have heard their stop hook, and whether it was said that all is well.
    pub(super) stopped: HashMap<u64, bool>,
    /// By the number of the actor: when it was restarted, since the system began.
    pub(super) restarts: HashMap<ActorId, Vec<Duration>>,
    /// Some of those were not heard of.
    pub(crate) missed: bool,
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
    pub(super) fn wrong(&mut self, cell: usize, what: &str) {
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
            handle: None,
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
        if self.member_above(cell).is_some_and(|(above, run)| self.cells[above].alive.is_some_and(|up| up != run)) {
            self.wrong(cell, "started below a later run of the one above");
        }
        let in_turn = self.rules(nursery).is_some_and(Rules::in_groups);
        // One that is there for the rest of its mail has no turn.
        let counts = |record: &Record| !record.node.drains;
        if in_turn
            && counts(&self.cells[cell])
            && self.siblings(nursery).any(|(_, record)| record.starting && counts(record))
        {
            self.wrong(cell, "started before its turn");
        }
        // Below a value it is another that starts.
        if !self.is_below_value(nursery) && self.cells[cell].handle.as_ref().is_some_and(Handle::has_ended) {
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

    pub(crate) fn stopped(&mut self, cell: usize, run: u64, exit: &Exit) {
        self.stopped.insert(run, exit.is_normal());
        // A child or a link may fail it when its start hook is just over: then it was never up, and in a group it keeps its turn until
        // it has ended, however long its stop hook takes.
        self.cells[cell].starting |= exit.failure().is_some_and(|failure| failure.phase() == Phase::Starting);
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
    pub(crate) fn ended(&mut self, cell: usize, id: ActorId) {
        // Who tells it may have been held up, until there was another one or the books were closed.
        if self.cells.is_empty() || !self.is_known(cell, id) {
            return;
        }
        if self.cells[cell].alive.is_some() {
            self.wrong(cell, "its end was told while it was there");
        }
        if self.below(cell).any(|below| self.cells[below].alive.is_some()) {
            self.wrong(cell, "its end was told while some below were there");
        }
    }

    /// Whether the cell's handle is that of this actor.
    pub(crate) fn is_known(&self, cell: usize, id: ActorId) -> bool {
        self.cells[cell].handle.as_ref().is_some_and(|handle| handle.id() == id)
    }

    /// Whether the children of this nursery are those of a value.
    pub(super) fn is_below_value(&self, nursery: Nursery) -> bool {
        nursery.is_some_and(|(above, _)| self.cells[above].node.value)
    }

    /// The next member above it, and which run of that.
    fn member_above(&self, cell: usize) -> Nursery {
        let mut nursery = self.cells[cell].nursery;
        while self.is_below_value(nursery) {
            nursery = nursery.and_then(|(value, _)| self.cells[value].nursery);
        }
        nursery
    }

    /// Those below it with no other member in between.
    fn below(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        let is_below = |&below: &usize| {
            let mut nursery = self.cells[below].nursery;
            while self.is_below_value(nursery) && nursery.is_some_and(|(above, _)| above != cell) {
                nursery = nursery.and_then(|(value, _)| self.cells[value].nursery);
            }
            nursery.is_some_and(|(above, _)| above == cell)
        };
        let all: Vec<usize> = (0..self.cells.len()).filter(is_below).collect();
        all.into_iter()
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
}
