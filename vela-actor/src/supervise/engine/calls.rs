//! Calls of the API: stop, restart, remove and find one child. Each is answered once, whatever else goes on.
//!
//! Between a stop and a restart the later call counts; a removal is final. A child that the agenda is to stop is stopped in its
//! turn, whoever calls.

use super::{Answer, Effect, Key, State, Step, Token};

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Stop,
    Restart,
    Remove,
    Find,
}

impl Step<'_> {
    pub(super) fn stop(&mut self, key: Key, token: Token) {
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return self.effect(Effect::Answer(token, Answer::Unknown)) };
        child.calls.push((token, Call::Stop));
        match child.state {
            State::Stopped => self.answer(key, Call::Stop, &Answer::Done),
            State::Waiting | State::Backoff => {
                let goal = if child.kept { Call::Stop } else { Call::Remove };
                if self.stops_in_wait(key) { self.finish_for(key, goal) } else { self.park(key) }
            }
            State::Starting | State::Running | State::Stopping | State::Killing => {
                if child.drain && !child.kept {
                    // The same, but no later call brings it back.
                    child.goal = Some(Call::Remove);
                }
                if child.goal != Some(Call::Remove) {
                    child.goal = Some(Call::Stop);
                }
                if !ending {
                    self.answer(key, Call::Restart, &Answer::Overtaken);
                }
                self.ask_to_stop(key);
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key, token: Token) {
        let Some(child) = self.child(key) else { return self.effect(Effect::Answer(token, Answer::Unknown)) };
        child.calls.push((token, Call::Remove));
        if child.state.is_up() {
            child.goal = Some(Call::Remove);
            self.answer(key, Call::Restart, &Answer::Overtaken);
            self.ask_to_stop(key);
        } else if self.stops_in_wait(key) {
            self.finish_for(key, Call::Remove);
        } else {
            self.gone(key);
        }
    }

    /// E7: it waited for a start.
    fn finish_for(&mut self, key: Key, goal: Call) {
        let ending = self.engine.is_ending();
        if let Some(child) = self.child(key) {
            child.goal = Some(goal);
        }
        if !ending {
            self.answer(key, Call::Restart, &Answer::Overtaken);
        }
        self.finish_mail(key, usize::MAX);
        let agenda = &mut self.engine.agenda;
        if agenda.stopping.is_some() || !agenda.stop.is_empty() || agenda.until.is_some() {
            // A group restart goes on when it has ended: E2.
            agenda.stop.insert(key);
        }
    }

    /// A plain stop cuts short what was to stop after its mail; one that always does so goes on.
    pub(super) fn cut_drain(&mut self, key: Key) {
        let Some(child) = self.child(key).filter(|child| child.drain && !child.spec.drain) else { return };
        child.drain = false;
        if child.draining.take().is_some() && child.state == State::Stopping {
            self.effect(Effect::Stop(key));
        }
    }

    pub(super) fn restart(&mut self, key: Key, token: Token) {
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return self.effect(Effect::Answer(token, Answer::Unknown)) };
        if ending {
            return self.effect(Effect::Answer(token, Answer::Over));
        }
        if child.goal == Some(Call::Remove) {
            return self.effect(Effect::Answer(token, Answer::Overtaken));
        }
        child.attempts = 0;
        child.calls.push((token, Call::Restart));
        match child.state {
            State::Waiting => {}
            State::Stopped => {
                let significant = child.spec.significant;
                self.engine.significant += usize::from(significant);
                self.start_again(key);
            }
            State::Backoff => {
                self.leave_backoff(key);
                self.start_again(key);
            }
            State::Starting | State::Running | State::Stopping | State::Killing => {
                child.goal = Some(Call::Restart);
                self.ask_to_stop(key);
            }
        }
    }

    pub(super) fn find(&mut self, key: Key, leaving: bool, token: Token) {
        let stopped = self.engine.agenda.stop.contains(&key);
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return self.effect(Effect::Answer(token, Answer::Unknown)) };
        if ending {
            return self.effect(Effect::Answer(token, Answer::Over));
        }
        let up = matches!(child.state, State::Starting | State::Running);
        if child.state.is_up() && (!up || leaving || stopped) {
            // Whether it stays is decided by its exit.
            child.calls.push((token, Call::Find));
        } else {
            self.effect(Effect::Answer(token, Answer::Done));
        }
    }

    /// Asks it to stop, unless the agenda will or somebody did.
    fn ask_to_stop(&mut self, key: Key) {
        if !self.engine.agenda.stop.contains(&key) {
            self.begin_to_stop(key);
        }
    }

    /// Answers its calls of one kind.
    pub(super) fn answer(&mut self, key: Key, kind: Call, answer: &Answer) {
        let Some(child) = self.engine.children.get_mut(&key) else { return };
        let answered = child.calls.extract_if(.., |(_, call)| *call == kind);
        self.effects.extend(answered.map(|(token, _)| Effect::Answer(token, answer.clone())));
    }
}
