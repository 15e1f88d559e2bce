//! The supervision engine: what to do when, as a state machine without clock, tasks, locks or randomness.
//!
//! It is fed with events and answers with effects. Times are durations since any one start; all by the same clock.
//!
//! ```text
//!            its turn       started         asked to stop        too slow
//!   Waiting ─────────► Starting ───► Running ────────────► Stopping ─────► Killing
//!    ▲    ▲               │ exited     │ exited                │ exited      │ exited
//!    │    │ timer         ▼            ▼                       ▼             ▼
//!    │  Backoff ◄──── comes back ──────┘              Waiting, Stopped or gone
//!    └─ API ── Stopped (has ended; its specification stays)
//! ```
//!
//! Invariants, which the tests check after each event:
//! * E1 at most one child is being stopped on behalf of the agenda; at the end all of them, if they stop together.
//! * E2 the agenda stops children in reverse order of start, one after the other, and starts them in order.
//! * E3 a child is started only if its last run has exited.
//! * E4 every exit that is answered by a restart has been counted; a budget that is exceeded ends in `Over`. (Not so restarts for
//!   the rest of the mail: E7.)
//! * E5 once it is to end, `Over` comes after at most the sum of the shutdown times (the longest of them, if they stop together) and of the
//!   times that children wait for their own, if exits follow kills.
//! * E6 each added child gets exactly one `Terminated`, and each call exactly one answer.
//! * E7 one that is to drain is started once more for the rest of its mail, if it has none or no run when it is to end: it waited for a
//!   start, was being stopped for a restart, or failed on the way and would come back from that. Each of these runs leaves less mail than
//!   the one before.

mod agenda;
mod calls;
mod child;
mod exits;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::agenda::Agenda;
use self::child::Child;
pub(crate) use self::child::State;
use super::budget::Budget;
use super::{ChildSpec, Escalation, Key, Strategy, Supervision};
use crate::exit::Exit;

/// Which call an answer belongs to: any number of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u64);

/// What has happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A new child, with a key that was never used.
    ///
    /// `kept`: its specification stays when it has ended, and it starts in its turn. One that is not kept is gone with its
    /// end; under `OneForOne` it starts at once. A temporary one is never kept.
    Add { key: Key, spec: Arc<ChildSpec>, kept: bool },
    /// What `Start` began is up.
    Started(Key),
    /// What `Start` began is wholly gone. `mail`: so many messages wait for the next run. `chance`: a random number from 0.0 to 1.0, if
    /// [`Engine::jitters`].
    Exited { key: Key, exit: Exit, mail: usize, chance: f64 },
    /// It waits for its own children to stop, or has done so. Unless it was given a time to stop, for all below it, that does not
    /// count.
    Waits { key: Key, waits: bool },
    /// The child is to end.
    Stop(Key, Token),
    /// The child is to stop, if it is up, and to start, whatever its restart type.
    Restart(Key, Token),
    /// The child is to end, its specification too.
    Remove(Key, Token),
    /// As `Remove`, but it handles its mail first.
    Drain(Key, Token),
    /// Somebody wants the child, if it is there to stay: the answer waits for the exit of one that is ending. `leaving`: this run ends
    /// by itself, which is known outside.
    Find { key: Key, leaving: bool, token: Token },
    /// The time of a timer has come. One that was cancelled or moved does no harm.
    Timer(Timer),
    /// All are to stop: in reverse order, or together.
    Shutdown,
    /// All are to be killed at once.
    Kill,
}

/// What is to be done, in the order of the list, answers last.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Start it. `Started` at most once and then `Exited` once are to follow.
    Start(Key),
    /// Ask it to stop.
    Stop(Key),
    /// It is to handle its mail, and to stop then. `close`: it is to be gone then, so that it takes no more mail.
    Drain { key: Key, close: bool },
    /// It has no run. If it has mail, start it to handle that, as if `Drain` followed; if not, `Exited` is to follow at once, with this
    /// exit, its last.
    Finish { key: Key, close: bool, exit: Exit },
    /// Kill it.
    Kill(Key),
    /// Kill it: it has not started in time, and its exit is to say so.
    Overdue(Key),
    /// At this time, `Timer`. A timer that is set again is moved.
    SetTimer(Timer, Duration),
    /// That timer is not needed any more. It may have fired.
    CancelTimer(Timer),
    /// It has ended and does not come back by itself, but its specification stays; its last exit, as below.
    Parked(Key, Exit),
    /// It is gone for good; its last exit (`Normal` if it never ran, or was to be restarted when all were asked to stop).
    Terminated(Key, Exit),
    /// The answer to a call.
    Answer(Token, Answer),
    /// All children are gone, and no effect follows but answers and `Terminated` for those who come too late.
    Over(Over),
}

/// What a timer is for. A child has at most one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    /// It must have started.
    Start(Key),
    /// It must have stopped.
    Shutdown(Key),
    /// It is to be restarted.
    Backoff(Key),
    /// The group is to be restarted.
    Group,
}

/// How a call came out.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It was done: the child has ended, or is up again. To who wants to find it: it is there.
    Done,
    /// There is no such child (any more).
    Unknown,
    /// The restarted child ended before it was up. What follows is up to its restart type.
    Failed(Exit),
    /// The child is not restarted: a later call wanted something else, or it ended for good meanwhile.
    Overtaken,
    /// The supervisor ends: nothing is restarted.
    Over,
}

/// Why the supervisor has ended.
#[derive(Debug, Clone)]
pub(crate) enum Over {
    /// It was asked to.
    Shutdown,
    /// Significant children have ended. No failure.
    AutoShutdown,
    /// A child's exit was more than it may answer.
    Escalated(Escalation),
}

/// The children of one supervisor, and what is to be done about them.
#[derive(Debug)]
pub(crate) struct Engine {
    supervision: Supervision,
    children: BTreeMap<Key, Child>,
    agenda: Agenda,
    budget: Budget,
    /// How many significant children have not ended.
    significant: usize,
    /// Whether `Over` has been said.
    finished: bool,
}

impl Engine {
    pub(crate) fn new(supervision: Supervision) -> Self {
        let budget = Budget::new(supervision.max_restarts, supervision.within);
        let (children, agenda) = (BTreeMap::new(), Agenda::default());
        Self { supervision, children, agenda, budget, significant: 0, finished: false }
    }

    /// Whether `Exited` is to bring a random number.
    pub(crate) fn jitters(&self) -> bool {
        self.supervision.jitter > 0.0
    }

    /// The children in order of start.
    #[cfg(test)]
    pub(crate) fn children(&self) -> impl Iterator<Item = (Key, &Arc<ChildSpec>, State)> {
        self.children.iter().map(|(&key, child)| (key, &child.spec, child.state))
    }

    /// How many children there are, those that have ended and are kept too.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }

    /// What a child does; none if it is unknown or gone.
    pub(crate) fn state(&self, key: Key) -> Option<State> {
        self.children.get(&key).map(|child| child.state)
    }

    /// Whether `Over` has been said.
    pub(crate) fn is_over(&self) -> bool {
        self.finished
    }

    /// Whether it is to end, or has.
    pub(crate) fn is_ending(&self) -> bool {
        self.agenda.over.is_some()
    }

    /// Appends to `effects` what is to be done about an event.
    pub(crate) fn handle(&mut self, now: Duration, event: Event, effects: &mut Vec<Effect>) {
        let mut step = Step { engine: self, now, effects };
        match event {
            Event::Add { key, spec, kept } => step.add(key, spec, kept),
            Event::Started(key) => step.started(key),
            Event::Exited { key, exit, mail, chance } => step.exited(key, exit, mail, chance),
            Event::Waits { key, waits } => step.waits(key, waits),
            Event::Stop(key, token) => {
                step.cut_drain(key);
                step.stop(key, token);
            }
            Event::Restart(key, token) => step.restart(key, token),
            Event::Remove(key, token) => {
                step.cut_drain(key);
                step.remove(key, token);
            }
            Event::Drain(key, token) => {
                if let Some(child) = step.child(key) {
                    child.drain = true;
                }
                step.remove(key, token);
            }
            Event::Find { key, leaving, token } => step.find(key, leaving, token),
            Event::Timer(timer) => step.timer(timer),
            Event::Shutdown => step.end(Over::Shutdown),
            Event::Kill => step.kill_all(),
        }
        step.advance();
    }
}

/// One event that is being handled.
struct Step<'a> {
    engine: &'a mut Engine,
    now: Duration,
    effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn child(&mut self, key: Key) -> Option<&mut Child> {
        self.engine.children.get_mut(&key)
    }

    fn in_groups(&self) -> bool {
        self.engine.supervision.strategy != Strategy::OneForOne
    }

    fn add(&mut self, key: Key, spec: Arc<ChildSpec>, kept: bool) {
        if self.engine.is_ending() {
            self.effect(Effect::Terminated(key, Exit::Normal));
            return;
        }
        self.engine.significant += usize::from(spec.significant);
        let clash = self.engine.children.insert(key, Child::new(spec, kept));
        debug_assert!(clash.is_none(), "{key:?} was used before");
        if kept || self.in_groups() {
            self.engine.agenda.start.insert(key);
        } else {
            self.begin(key);
        }
    }

    /// Starts it now.
    fn begin(&mut self, key: Key) {
        let now = self.now;
        let Some(child) = self.child(key) else { return };
        debug_assert!(!child.state.is_up(), "E3: {key:?} is {:?}", child.state);
        child.state = State::Starting;
        (child.waits, child.left, child.draining) = (false, None, None);
        child.up_since = None;
        if let Some(budget) = &mut child.budget {
            budget.resume(.., now);
        }
        let limit = child.spec.start_timeout;
        self.effect(Effect::Start(key));
        if let Some(limit) = limit {
            self.set_timer(key, Timer::Start(key), now.saturating_add(limit));
        }
    }

    fn started(&mut self, key: Key) {
        let now = self.now;
        let Some(child) = self.child(key) else { return };
        if child.state != State::Starting {
            return;
        }
        child.state = State::Running;
        child.up_since = Some(now);
        self.cancel_timer(key);
        self.answer(key, calls::Call::Restart, &Answer::Done);
        let starting = &mut self.engine.agenda.starting;
        _ = starting.take_if(|starting| *starting == key);
    }

    fn timer(&mut self, timer: Timer) {
        // The agenda looks at the time anyway.
        let (Timer::Start(key) | Timer::Shutdown(key) | Timer::Backoff(key)) = timer else {
            if let Some(until) = self.engine.agenda.until.filter(|until| *until > self.now) {
                self.effect(Effect::SetTimer(timer, until));
            }
            return;
        };
        let now = self.now;
        let Some(child) = self.child(key) else { return };
        let Some((_, at)) = child.timer.filter(|(set, _)| *set == timer) else { return };
        if at > now {
            // One that was moved since: not lost if the caller took this for the last.
            return self.effect(Effect::SetTimer(timer, at));
        }
        child.timer = None;
        match timer {
            Timer::Start(_) => {
                child.state = State::Killing;
                child.overdue = true;
                self.effect(Effect::Overdue(key));
            }
            Timer::Shutdown(_) => {
                child.state = State::Killing;
                self.effect(Effect::Kill(key));
            }
            Timer::Backoff(_) => {
                self.leave_backoff(key);
                self.begin(key);
            }
            Timer::Group => {}
        }
    }

    /// A child has one timer at a time: its state says which.
    fn set_timer(&mut self, key: Key, timer: Timer, at: Duration) {
        self.cancel_timer(key);
        if let Some(child) = self.child(key) {
            child.timer = Some((timer, at));
        }
        self.effect(Effect::SetTimer(timer, at));
    }

    fn cancel_timer(&mut self, key: Key) {
        if let Some((timer, _)) = self.child(key).and_then(|child| child.timer.take()) {
            self.effect(Effect::CancelTimer(timer));
        }
    }
}
