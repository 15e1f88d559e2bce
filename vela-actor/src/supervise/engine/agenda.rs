//! The agenda: which children are to be stopped, then started, one after the other.
//!
//! A group restart puts on it all that the failure concerns; a further failure adds to it. So does a child that is added or
//! restarted by hand. The end is an agenda without a second half.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use super::calls::Call;
use super::{Answer, Effect, Key, Over, State, Step, Timer};
use crate::exit::Exit;
use crate::supervise::{RestartType, Shutdown, Strategy};

/// What is to be done in turn. Idle if all of it is empty.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// To be stopped, the last first.
    pub(super) stop: BTreeSet<Key>,
    /// Being stopped.
    pub(super) stopping: Option<Key>,
    /// Nothing is started before that time.
    pub(super) until: Option<Duration>,
    /// Whether all are stopped, and that time is being waited for.
    waiting: bool,
    /// The first child that the failures since the last start concern.
    from: Option<Key>,
    /// To be started, the first first.
    pub(super) start: BTreeSet<Key>,
    /// Being started.
    pub(super) starting: Option<Key>,
    /// All are to stop: why.
    pub(super) over: Option<Over>,
}

impl Step<'_> {
    /// Does what can be done now.
    pub(super) fn advance(&mut self) {
        while self.engine.agenda.stopping.is_none() {
            let agenda = &mut self.engine.agenda;
            if let Some(key) = agenda.stop.pop_last() {
                self.stop_in_turn(key);
            } else if agenda.over.is_some() {
                return self.finish();
            } else if self.must_wait() || self.engine.agenda.starting.is_some() {
                return;
            } else if let Some(key) = self.engine.agenda.start.pop_first() {
                self.engine.agenda.starting = Some(key);
                self.begin(key);
            } else {
                return;
            }
        }
    }

    fn stop_in_turn(&mut self, key: Key) {
        match self.engine.state(key) {
            Some(state) if state.is_up() => {
                self.engine.agenda.stopping = Some(key);
                self.begin_to_stop(key);
            }
            // `end` has left it for its mail.
            Some(State::Waiting) if self.engine.is_ending() => {
                self.engine.agenda.stopping = Some(key);
                self.finish_mail(key, usize::MAX);
            }
            _ => {}
        }
    }

    /// E7: a run for its mail, in the time that it has to stop. So much is left of it, at most.
    pub(super) fn finish_mail(&mut self, key: Key, mail: usize) {
        self.leave_backoff(key);
        self.engine.agenda.start.remove(&key);
        let Some(child) = self.child(key) else { return };
        child.state = State::Stopping;
        (child.waits, child.left) = (false, None);
        let shutdown = child.spec.shutdown.unwrap_or_default();
        self.go_on(key, mail);
        if let Shutdown::After(time) = shutdown {
            self.limit(key, time);
        }
    }

    /// E7: the next run for its mail. So much of it is left.
    pub(super) fn go_on(&mut self, key: Key, mail: usize) {
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return };
        child.draining = Some(mail);
        let (close, exit) = (child.closes(ending), child.last.clone());
        self.effect(Effect::Finish { key, close, exit });
    }

    /// Asks it to stop, or kills it, as its specification says; nothing if that was done before.
    pub(super) fn begin_to_stop(&mut self, key: Key) {
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return };
        if !matches!(child.state, State::Starting | State::Running) {
            return;
        }
        if child.drains() && child.spec.restart == RestartType::Temporary {
            // Whoever stops it, it ends for good; and no later call brings it back.
            child.goal.get_or_insert(Call::Remove);
        }
        let drain = child.drains() && child.is_last(ending);
        let close = child.closes(ending);
        match child.spec.shutdown.unwrap_or_default() {
            Shutdown::Kill | Shutdown::After(Duration::ZERO) => {
                child.state = State::Killing;
                self.cancel_timer(key);
                self.effect(Effect::Kill(key));
            }
            shutdown => {
                child.state = State::Stopping;
                child.draining = drain.then_some(usize::MAX);
                self.cancel_timer(key);
                self.effect(if drain { Effect::Drain { key, close } } else { Effect::Stop(key) });
                if let Shutdown::After(time) = shutdown {
                    self.limit(key, time);
                }
            }
        }
    }

    /// It is killed after this time, in which it does not wait for its own children.
    fn limit(&mut self, key: Key, time: Duration) {
        let at = self.now.saturating_add(time);
        match self.child(key) {
            Some(child) if child.waits => child.left = Some(time),
            _ => self.set_timer(key, Timer::Shutdown(key), at),
        }
    }

    /// It begins or ends to wait for its own children, which have times of their own.
    pub(super) fn waits(&mut self, key: Key, waits: bool) {
        let now = self.now;
        let Some(child) = self.child(key).filter(|child| child.state.is_up() && child.spec.shutdown.is_none()) else {
            return;
        };
        child.waits = waits;
        let left = child.left.take();
        match child.timer {
            Some((Timer::Shutdown(_), at)) if waits => {
                child.left = Some(at.saturating_sub(now));
                self.cancel_timer(key);
            }
            _ if child.state == State::Stopping && !waits => {
                if let Some(left) = left {
                    self.limit(key, left);
                }
            }
            _ => {}
        }
    }

    /// Whether the group's delay has not passed. While it lasts nobody's budget grows older.
    fn must_wait(&mut self) -> bool {
        let now = self.now;
        let agenda = &mut self.engine.agenda;
        let Some(until) = agenda.until else {
            agenda.from = None;
            return false;
        };
        if until <= now {
            (agenda.until, agenda.from, agenda.waiting) = (None, None, false);
            self.engine.budget.resume(.., now);
            self.effect(Effect::CancelTimer(Timer::Group));
            return false;
        }
        if !agenda.waiting {
            agenda.waiting = true;
            let from = agenda.from.map_or(Bound::Unbounded, Bound::Included);
            self.engine.budget.pause((from, Bound::Unbounded), now);
            // Their own budgets go on when they are started.
            for key in &agenda.start {
                if let Some(budget) = self.engine.children.get_mut(key).and_then(|child| child.budget.as_mut()) {
                    budget.pause(.., now);
                }
            }
        }
        true
    }

    /// The failed child and whom the strategy restarts with it go on the agenda: those that are up to be stopped, and those
    /// that come back to be started, after `delay`.
    pub(super) fn restart_group(&mut self, failed: Key, delay: Duration) {
        let from = match self.engine.supervision.strategy {
            Strategy::OneForAll => Key(0),
            Strategy::RestForOne | Strategy::OneForOne => failed,
        };
        let agenda = &mut self.engine.agenda;
        // Those from `agenda.from` on are on the agenda: nobody has been started since.
        let known = agenda.from.map_or(Bound::Unbounded, |before| Bound::Excluded(before.max(from)));
        for (&key, child) in self.engine.children.range((Bound::Included(from), known)) {
            if child.state.is_up() {
                agenda.stop.insert(key);
                // A temporary one is not started again. Nor is one that is to end: its exit takes it off.
                if child.spec.restart != RestartType::Temporary {
                    agenda.start.insert(key);
                }
            }
        }
        agenda.start.insert(failed);
        agenda.from = Some(agenda.from.map_or(from, |before| before.min(from)));
        agenda.waiting = false;
        let until = self.now.saturating_add(delay);
        if !delay.is_zero() && agenda.until.is_none_or(|before| before < until) {
            agenda.until = Some(until);
            self.effect(Effect::SetTimer(Timer::Group, until));
        }
    }

    /// All children are to stop: in turn, or together. The first reason counts.
    pub(super) fn end(&mut self, over: Over) {
        let orderly = !matches!(over, Over::Escalated(_));
        self.end_all(over, orderly, true);
    }

    /// `orderly`: what ends those that wait for a start is the end; `mail`: they may finish their mail then.
    fn end_all(&mut self, over: Over, orderly: bool, mail: bool) {
        let agenda = &mut self.engine.agenda;
        if agenda.over.is_some() {
            return;
        }
        agenda.over = Some(over);
        agenda.start.clear();
        if agenda.until.take().is_some() {
            self.effect(Effect::CancelTimer(Timer::Group));
        }
        let together = self.engine.supervision.together;
        let keys: Vec<_> = self.engine.children.iter().map(|(&key, child)| (key, child.state.is_up())).rev().collect();
        for (key, up) in keys {
            if !up {
                if !(orderly && self.stops_in_wait(key) && mail) {
                    self.gone(key);
                } else if together {
                    self.finish_mail(key, usize::MAX);
                } else {
                    self.engine.agenda.stop.insert(key);
                }
            } else if together {
                self.begin_to_stop(key);
            } else if self.engine.agenda.stopping != Some(key) {
                self.engine.agenda.stop.insert(key);
            }
        }
    }

    /// One that waits for a start is to end: whether it may have mail to finish.
    pub(super) fn stops_in_wait(&mut self, key: Key) -> bool {
        self.leave_backoff(key);
        self.engine.agenda.start.remove(&key);
        let Some(child) = self.child(key) else { return false };
        if !matches!(child.state, State::Backoff | State::Waiting) {
            return false;
        }
        child.state = State::Waiting;
        // It was to come back: what ends it is who stops it, which fails nobody that is linked to it.
        child.last = Exit::Normal;
        child.drains()
    }

    /// All children are killed now, in whatever order.
    pub(super) fn kill_all(&mut self) {
        self.end_all(Over::Shutdown, true, false);
        let agenda = &mut self.engine.agenda;
        agenda.stop.clear();
        agenda.stopping = None;
        let keys: Vec<_> = self.engine.children.keys().rev().copied().collect();
        for key in keys {
            self.cancel_timer(key);
            let Some(child) = self.child(key) else { continue };
            if !child.state.is_up() {
                self.gone(key);
            } else if child.state != State::Killing {
                child.state = State::Killing;
                self.effect(Effect::Kill(key));
            }
        }
    }

    fn finish(&mut self) {
        if !self.engine.children.is_empty() || self.engine.finished {
            return;
        }
        self.engine.finished = true;
        if let Some(over) = self.engine.agenda.over.clone() {
            self.effect(Effect::Over(over));
        }
    }

    /// It has ended for good: gone, or its specification stays.
    pub(super) fn park(&mut self, key: Key) {
        let Some(child) = self.child(key) else { return };
        if !child.kept {
            return self.gone(key);
        }
        child.state = State::Stopped;
        let significant = child.spec.significant;
        let exit = child.last.clone();
        self.engine.significant -= usize::from(significant);
        self.engine.agenda.start.remove(&key);
        self.engine.agenda.stop.remove(&key);
        self.effect(Effect::Parked(key, exit));
        self.answer(key, Call::Stop, &Answer::Done);
        self.answer(key, Call::Restart, &Answer::Overtaken);
    }

    /// Takes it out: the last that is heard of it.
    pub(super) fn gone(&mut self, key: Key) {
        self.leave_backoff(key);
        let ending = self.engine.is_ending();
        let refused = if ending { Answer::Over } else { Answer::Overtaken };
        let missed = if ending { Answer::Over } else { Answer::Unknown };
        self.answer(key, Call::Stop, &Answer::Done);
        self.answer(key, Call::Remove, &Answer::Done);
        self.answer(key, Call::Restart, &refused);
        self.answer(key, Call::Find, &missed);
        let Some(child) = self.engine.children.remove(&key) else { return };
        self.engine.significant -= usize::from(child.spec.significant && child.state != State::Stopped);
        self.engine.agenda.start.remove(&key);
        self.engine.agenda.stop.remove(&key);
        self.effect(Effect::Terminated(key, child.last));
    }

    /// Starts it, in its turn if the strategy knows turns.
    pub(super) fn start_again(&mut self, key: Key) {
        if self.in_groups() {
            if let Some(child) = self.child(key) {
                child.state = State::Waiting;
            }
            self.engine.agenda.start.insert(key);
        } else {
            self.begin(key);
        }
    }
}
