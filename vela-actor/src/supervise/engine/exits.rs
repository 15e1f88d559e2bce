//! A run of a child has ended: what follows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::calls::Call;
use super::{Answer, Key, Over, State, Step, Timer};
use crate::exit::{Exit, Phase};
use crate::panics::contained;
use crate::supervise::{AutoShutdown, Cause, Decision, Escalation};

impl Step<'_> {
    pub(super) fn exited(&mut self, key: Key, exit: Exit, mail: usize, chance: f64) {
        let Some(child) = self.child(key) else { return };
        if !child.state.is_up() {
            return;
        }
        child.last = exit.clone();
        if self.goes_on(key, &exit, mail) {
            return;
        }
        let Some(child) = self.child(key) else { return };
        let overdue = std::mem::take(&mut child.overdue);
        let asked = matches!(child.state, State::Stopping | State::Killing) && !overdue || child.goal.is_some();
        child.state = State::Waiting;
        self.cancel_timer(key);
        let agenda = &mut self.engine.agenda;
        _ = agenda.starting.take_if(|starting| *starting == key);
        _ = agenda.stopping.take_if(|stopping| *stopping == key);
        agenda.stop.remove(&key);
        if agenda.over.is_some() {
            self.gone(key);
        } else if asked {
            self.settle(key);
        } else {
            self.ended(key, &exit, chance);
        }
        // Who is gone has answered otherwise.
        self.answer(key, Call::Find, &Answer::Done);
    }

    /// E7: whether it is started for the rest of its mail.
    fn goes_on(&mut self, key: Key, exit: &Exit, mail: usize) -> bool {
        let ending = self.engine.is_ending();
        let Some(child) = self.child(key) else { return false };
        if mail == 0 || !child.drains() || !child.is_last(ending) {
            return false;
        }
        let stopping = child.state == State::Stopping;
        let goes_on = match exit {
            // It was asked to stop before it was to end; or it stopped by itself before its turn.
            Exit::Normal if stopping => child.draining.is_none(),
            Exit::Normal => child.state == State::Running && child.comes_back(exit),
            // What it failed of costs one message, and not those behind it. (Who fails to start would never come to them.)
            Exit::Failed(failure) => {
                let up = stopping || child.state == State::Running;
                let less = child.draining.is_none_or(|before| mail < before);
                up && less && failure.phase() == Phase::Running && child.comes_back(exit)
            }
            // So this cuts it short.
            Exit::Killed => false,
        };
        if !goes_on || self.decide(exit) != Decision::Restart {
            return false;
        }
        if stopping {
            self.waits(key, false);
            self.go_on(key, mail);
        } else {
            self.finish_mail(key, mail);
        }
        true
    }

    /// It ended because it was asked to.
    fn settle(&mut self, key: Key) {
        // Even if a later call wants it to come back: it has stopped.
        self.answer(key, Call::Stop, &Answer::Done);
        let comes_back = self.engine.agenda.start.contains(&key);
        let Some(child) = self.child(key) else { return };
        match child.goal.take() {
            Some(Call::Remove) => self.gone(key),
            Some(Call::Stop) => self.park(key),
            Some(Call::Restart) => self.start_again(key),
            Some(Call::Find) | None if comes_back => {}
            Some(Call::Find) | None => self.gone(key),
        }
    }

    /// It ended by itself.
    fn ended(&mut self, key: Key, exit: &Exit, chance: f64) {
        self.answer(key, Call::Restart, &Answer::Failed(exit.clone()));
        let decision = self.decide(exit);
        let Some(child) = self.child(key) else { return };
        let significant = child.spec.significant;
        match decision {
            Decision::Escalate => self.escalate(key, Cause::Decided),
            Decision::Restart if child.comes_back(exit) => self.come_back(key, chance),
            Decision::Restart | Decision::Stop => {
                self.park(key);
                self.heed(significant);
            }
        }
    }

    /// What `on_failure` says. It is not ours, so that it may panic: then the supervisor has failed.
    fn decide(&self, exit: &Exit) -> Decision {
        match (exit, &self.engine.supervision.on_failure) {
            (Exit::Failed(failure), Some(decide)) => {
                catch_unwind(AssertUnwindSafe(|| decide(failure))).unwrap_or_else(|payload| {
                    // Its drop may panic, too.
                    contained(|| drop(payload));
                    Decision::Escalate
                })
            }
            _ => Decision::Restart,
        }
    }

    fn come_back(&mut self, key: Key, chance: f64) {
        if let Some(cause) = self.count(key) {
            return self.escalate(key, cause);
        }
        let delay = self.delay(key, chance);
        if self.in_groups() {
            self.restart_group(key, delay);
        } else if delay.is_zero() {
            self.begin(key);
        } else {
            self.back_off(key, delay);
        }
    }

    /// Counts a restart. Some: it was one too many.
    fn count(&mut self, key: Key) -> Option<Cause> {
        let now = self.now;
        let own = self.child(key)?.budget.as_mut();
        let own = own.and_then(|budget| budget.count(now, key).then_some((budget.max_restarts, budget.within)));
        let all = &mut self.engine.budget;
        let exceeded = all.count(now, key);
        match own {
            Some((max_restarts, within)) => Some(Cause::ChildBudget { max_restarts, within }),
            None => exceeded.then_some(Cause::Budget { max_restarts: all.max_restarts, within: all.within }),
        }
    }

    /// How long it waits before this restart.
    fn delay(&mut self, key: Key, chance: f64) -> Duration {
        let now = self.now;
        let supervision = &self.engine.supervision;
        let more = supervision.jitter * chance.clamp(0.0, 1.0);
        let Some(child) = self.engine.children.get_mut(&key) else { return Duration::ZERO };
        if child.up_since.is_some_and(|since| now.saturating_sub(since) >= supervision.reset_after) {
            child.attempts = 0;
        }
        let delay = child.spec.backoff.unwrap_or(supervision.backoff).delay(child.attempts, more);
        child.attempts = child.attempts.saturating_add(1);
        delay
    }

    fn back_off(&mut self, key: Key, delay: Duration) {
        let now = self.now;
        let Some(child) = self.child(key) else { return };
        child.state = State::Backoff;
        if let Some(budget) = &mut child.budget {
            budget.pause(.., now);
        }
        self.engine.budget.pause(key..=key, now);
        self.set_timer(key, Timer::Backoff(key), now.saturating_add(delay));
    }

    /// Its delay is over, or cut short. Nothing if there was none.
    pub(super) fn leave_backoff(&mut self, key: Key) {
        let now = self.now;
        self.cancel_timer(key);
        let Some(child) = self.child(key) else { return };
        if let Some(budget) = &mut child.budget {
            budget.resume(.., now);
        }
        self.engine.budget.resume(key..=key, now);
    }

    fn escalate(&mut self, key: Key, cause: Cause) {
        let Some(child) = self.child(key) else { return };
        let (exit, child) = (child.last.clone(), child.spec.name.clone());
        self.end(Over::Escalated(Escalation { child, exit, cause }));
    }

    /// A child has ended by itself.
    fn heed(&mut self, significant: bool) {
        let over = match self.engine.supervision.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => self.engine.significant == 0,
        };
        if significant && over {
            self.end(Over::AutoShutdown);
        }
    }
}
