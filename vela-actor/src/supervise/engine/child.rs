//! What the engine knows of one child.

use std::sync::Arc;
use std::time::Duration;

use super::calls::Call;
use super::{Timer, Token};
use crate::exit::Exit;
use crate::supervise::budget::Budget;
use crate::supervise::{ChildSpec, RestartType, Shutdown};

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// It is to be started when its turn comes.
    Waiting,
    /// It has been started and is not up yet.
    Starting,
    /// It is up.
    Running,
    /// It has been asked to stop.
    Stopping,
    /// It has been killed, and is not gone yet.
    Killing,
    /// It waits for its delay to pass.
    Backoff,
    /// It has ended; its specification stays.
    Stopped,
}

impl State {
    /// Whether there is a run of it, whose exit is to come.
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping | Self::Killing)
    }
}

/// One child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) spec: Arc<ChildSpec>,
    /// Whether its specification stays when it has ended.
    pub(super) kept: bool,
    pub(super) state: State,
    pub(super) timer: Option<(Timer, Duration)>,
    /// Whether it waits for its own children to stop.
    pub(super) waits: bool,
    /// What is left of its time to stop, meanwhile.
    pub(super) left: Option<Duration>,
    /// Whether it was killed because it did not start in time: its exit is a failure then, not what we asked for.
    pub(super) overdue: bool,
    /// What a call wants of it once it has exited.
    pub(super) goal: Option<Call>,
    /// Calls that wait for their answer.
    pub(super) calls: Vec<(Token, Call)>,
    /// Restarts since it was last up for long enough.
    pub(super) attempts: u32,
    /// Whether it is to handle its mail before it ends.
    pub(super) drain: bool,
    /// It does that now: how much mail the run before had left.
    pub(super) draining: Option<usize>,
    pub(super) up_since: Option<Duration>,
    pub(super) budget: Option<Box<Budget>>,
    /// How its last run ended.
    pub(super) last: Exit,
}

impl Child {
    pub(super) fn new(spec: Arc<ChildSpec>, kept: bool) -> Self {
        const WITHIN: Duration = Duration::from_secs(5);
        let within = spec.within.unwrap_or(WITHIN);
        let budget = spec.max_restarts.map(|restarts| Box::new(Budget::new(restarts, within)));
        Self {
            kept: kept && spec.restart != RestartType::Temporary,
            drain: spec.drain,
            draining: None,
            spec,
            state: State::Waiting,
            timer: None,
            waits: false,
            left: None,
            overdue: false,
            goal: None,
            calls: Vec::new(),
            attempts: 0,
            up_since: None,
            budget,
            last: Exit::Normal,
        }
    }

    /// Whether this run is to be its last, but for a start by hand.
    pub(super) fn is_last(&self, ending: bool) -> bool {
        ending || matches!(self.goal, Some(Call::Stop | Call::Remove))
    }

    /// Whether nothing that comes later brings it back, so that its mailbox may be closed.
    pub(super) fn closes(&self, ending: bool) -> bool {
        ending || self.goal == Some(Call::Remove)
    }

    /// Whether it handles its mail before it ends. One that is to be killed has no time for that.
    pub(super) fn drains(&self) -> bool {
        self.drain && !matches!(self.spec.shutdown, Some(Shutdown::Kill | Shutdown::After(Duration::ZERO)))
    }

    /// Whether it comes back after an exit that nobody asked for.
    pub(super) fn comes_back(&self, exit: &Exit) -> bool {
        match self.spec.restart {
            RestartType::Permanent => true,
            RestartType::Transient => !exit.is_normal(),
            RestartType::Temporary => false,
        }
    }
}
