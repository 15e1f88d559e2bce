//! The engine, with a bench on which it is tried event by event.

mod calls;
mod delays;
mod endings;
mod groups;
mod model;
mod table;
mod world;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::exit::Failure;
use crate::supervise::{Strategy, child};

fn failure() -> Exit {
    Exit::Failed(Failure::of("it"))
}

/// An engine whose clock is turned by hand. What it does comes as text: `start 1, stop 2`.
struct Bench {
    engine: Engine,
    now: Duration,
    effects: Vec<Effect>,
}

impl Bench {
    fn new(supervision: Supervision) -> Self {
        assert_eq!(supervision.check(), Ok(()));
        Self { engine: Engine::new(supervision), now: Duration::from_secs(1000), effects: Vec::new() }
    }

    /// With this strategy and children `1..=n` of this kind, all of them up.
    fn with(supervision: Supervision, n: u64, spec: &ChildSpec) -> Self {
        let mut bench = Self::new(supervision);
        for key in 1..=n {
            bench.add(key, spec);
            bench.started(key);
        }
        bench
    }

    fn of(strategy: Strategy, n: u64) -> Self {
        Self::with(Supervision::new(strategy), n, &child("it"))
    }

    #[track_caller]
    fn does(&mut self, event: Event, expected: &str) {
        let done = self.handle(event);
        assert_eq!(done, expected);
    }

    fn handle(&mut self, event: Event) -> String {
        self.engine.handle(self.now, event, &mut self.effects);
        let mut text = String::new();
        for effect in self.effects.drain(..) {
            text += if text.is_empty() { "" } else { ", " };
            self_describing(&mut text, &effect, self.now);
        }
        text
    }

    fn add(&mut self, key: u64, spec: &ChildSpec) -> String {
        self.handle(Event::Add { key: Key(key), spec: Arc::new(spec.clone()), kept: true })
    }

    fn started(&mut self, key: u64) -> String {
        self.handle(Event::Started(Key(key)))
    }

    fn exit(&mut self, key: u64, exit: Exit) -> String {
        self.handle(exited(key, exit))
    }

    fn fails(&mut self, key: u64) -> String {
        self.exit(key, failure())
    }

    /// It does what it was asked to.
    fn stops(&mut self, key: u64) -> String {
        self.exit(key, Exit::Normal)
    }

    fn state(&self, key: u64) -> Option<State> {
        self.engine.state(Key(key))
    }
}

fn exited(key: u64, exit: Exit) -> Event {
    Event::Exited { key: Key(key), exit, mail: 0, chance: 0.0 }
}

/// It has failed, and so much mail is left.
fn fails_with_mail(key: u64, mail: usize) -> Event {
    Event::Exited { key: Key(key), exit: failure(), mail, chance: 0.0 }
}

fn self_describing(text: &mut String, effect: &Effect, now: Duration) {
    let done = match effect {
        Effect::Start(Key(key)) => write!(text, "start {key}"),
        Effect::Stop(Key(key)) => write!(text, "stop {key}"),
        Effect::Drain { key: Key(key), close } => {
            write!(text, "{} {key}", if *close { "drain" } else { "handle mail of" })
        }
        Effect::Finish { key: Key(key), .. } => write!(text, "finish {key}"),
        Effect::Kill(Key(key)) => write!(text, "kill {key}"),
        Effect::Overdue(Key(key)) => write!(text, "overdue {key}"),
        Effect::SetTimer(timer, at) => write!(text, "{} in {:?}", name(*timer), at.saturating_sub(now)),
        Effect::CancelTimer(timer) => write!(text, "no {}", name(*timer)),
        Effect::Parked(Key(key), exit) => write!(text, "stays {key} {}", exit_name(exit)),
        Effect::Terminated(Key(key), exit) => write!(text, "gone {key} {}", exit_name(exit)),
        Effect::Answer(Token(token), answer) => write!(text, "#{token} {}", answer_name(answer)),
        Effect::Over(Over::Escalated(escalation)) => {
            let said = escalation.to_string();
            write!(text, "escalated: {}", said.replace(&escalation.exit.to_string(), &exit_name(&escalation.exit)))
        }
        Effect::Over(over) => write!(text, "over: {over:?}"),
    };
    done.expect("a String takes all");
}

/// Short, whatever a failure has to say.
fn exit_name(exit: &Exit) -> String {
    match exit {
        Exit::Failed(failure) => format!("{} failed", failure.path()),
        exit => exit.to_string(),
    }
}

fn name(timer: Timer) -> String {
    match timer {
        Timer::Start(Key(key)) => format!("start-timer {key}"),
        Timer::Shutdown(Key(key)) => format!("timer {key}"),
        Timer::Backoff(Key(key)) => format!("backoff {key}"),
        Timer::Group => "backoff".to_owned(),
    }
}

fn answer_name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done => "done",
        Answer::Unknown => "unknown",
        Answer::Failed(_) => "failed",
        Answer::Overtaken => "overtaken",
        Answer::Over => "over",
    }
}
