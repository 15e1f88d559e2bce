//! Restart types × ways to end × strategies, as in OTP.

use super::*;
use crate::supervise::{Decision, RestartType};

const STRATEGIES: [Strategy; 3] = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
const TYPES: [RestartType; 3] = [RestartType::Permanent, RestartType::Transient, RestartType::Temporary];

fn of_type(restart: RestartType) -> ChildSpec {
    match restart {
        RestartType::Permanent => child("it").permanent(),
        RestartType::Transient => child("it").transient(),
        RestartType::Temporary => child("it").temporary(),
    }
}

fn comes_back(restart: RestartType, exit: &Exit) -> bool {
    match (restart, exit) {
        (RestartType::Permanent, _) | (RestartType::Transient, Exit::Failed(_) | Exit::Killed) => true,
        (RestartType::Transient, Exit::Normal) | (RestartType::Temporary, _) => false,
    }
}

/// The middle one of three ends. What follows, the shutdown timers left out.
fn what_follows(strategy: Strategy) -> &'static [&'static str] {
    match strategy {
        Strategy::OneForOne => &["start 2"],
        Strategy::OneForAll => &["stop 3", "stop 1", "start 1", "start 2", "start 3"],
        Strategy::RestForOne => &["stop 3", "start 2", "start 3"],
    }
}

#[test]
fn restart_types_by_exits_by_strategies() {
    for strategy in STRATEGIES {
        for restart in TYPES {
            for exit in [Exit::Normal, failure(), Exit::Killed] {
                let mut bench = Bench::of(strategy, 1);
                bench.add(2, &of_type(restart));
                bench.started(2);
                bench.add(3, &child("it"));
                bench.started(3);
                let case = format!("{strategy:?} {restart:?} {exit}");
                bench.engine.handle(bench.now, exited(2, exit.clone()), &mut bench.effects);
                let done = play(&mut bench);
                if comes_back(restart, &exit) {
                    assert_eq!(done, what_follows(strategy), "{case}");
                    assert_eq!(bench.state(2), Some(State::Running), "{case}");
                } else {
                    let kept = restart != RestartType::Temporary;
                    assert_eq!(
                        done,
                        vec![format!("{} 2 {}", if kept { "stays" } else { "gone" }, exit_name(&exit))],
                        "{case}"
                    );
                    assert_eq!(bench.state(2), kept.then_some(State::Stopped), "{case}");
                }
                assert_eq!((bench.state(1), bench.state(3)), (Some(State::Running), Some(State::Running)), "{case}");
            }
        }
    }
}

/// Children do what they are told, at once.
fn play(bench: &mut Bench) -> Vec<String> {
    let mut done = Vec::new();
    while !bench.effects.is_empty() {
        let effect = bench.effects.remove(0);
        let event = match effect {
            Effect::Start(key) => Event::Started(key),
            Effect::Stop(Key(key)) => exited(key, Exit::Normal),
            Effect::SetTimer(..) | Effect::CancelTimer(_) => continue,
            _ => Event::Timer(Timer::Group),
        };
        let mut text = String::new();
        self_describing(&mut text, &effect, bench.now);
        done.push(text);
        bench.engine.handle(bench.now, event, &mut bench.effects);
    }
    done
}

#[test]
fn one_that_was_asked_to_stop_does_not_come_back_however_it_ends() {
    for strategy in STRATEGIES {
        for restart in TYPES {
            for exit in [Exit::Normal, failure(), Exit::Killed] {
                let mut bench = Bench::with(Supervision::new(strategy), 2, &of_type(restart));
                bench.does(Event::Stop(Key(1), Token(7)), "stop 1, timer 1 in 5s");
                let kept = restart != RestartType::Temporary;
                let ended = format!("{} 1 {}", if kept { "stays" } else { "gone" }, exit_name(&exit));
                bench.does(exited(1, exit), &format!("no timer 1, #7 done, {ended}"));
                assert_eq!(bench.state(1), kept.then_some(State::Stopped));
                assert_eq!(bench.state(2), Some(State::Running));
            }
        }
    }
}

#[test]
fn one_that_is_not_kept_is_gone_with_its_end() {
    for restart in [RestartType::Transient, RestartType::Permanent] {
        let mut bench = Bench::new(Supervision::default());
        let spec = Arc::new(of_type(restart));
        bench.does(Event::Add { key: Key(1), spec, kept: false }, "start 1");
        bench.started(1);
        bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
        bench.does(exited(1, Exit::Normal), "no timer 1, #1 done, gone 1 stopped");
    }
}

#[test]
fn what_on_failure_decides_comes_before_the_restart_type() {
    for strategy in STRATEGIES {
        for restart in TYPES {
            let mut bench =
                Bench::with(Supervision::new(strategy).on_failure(|_| Decision::Stop), 2, &of_type(restart));
            let ended = if restart == RestartType::Temporary { "gone 1 it failed" } else { "stays 1 it failed" };
            bench.does(exited(1, failure()), ended);
            assert_eq!(bench.state(2), Some(State::Running), "siblings go on");

            let escalate = Supervision::new(strategy).on_failure(|_| Decision::Escalate);
            let mut bench = Bench::with(escalate, 2, &of_type(restart));
            bench.does(exited(1, failure()), "gone 1 it failed, stop 2, timer 2 in 5s");
            bench.does(exited(2, Exit::Normal), "no timer 2, gone 2 stopped, escalated: child `it`: it failed");
        }
    }
}

#[test]
fn on_failure_hears_of_failures_only_and_its_panic_escalates() {
    let supervision = Supervision::default().on_failure(|_| panic!("of on_failure"));
    let mut bench = Bench::with(supervision, 1, &child("it"));
    bench.does(exited(1, Exit::Killed), "start 1");
    bench.started(1);
    bench.does(exited(1, Exit::Normal), "start 1");
    bench.started(1);
    bench.does(exited(1, failure()), "gone 1 it failed, escalated: child `it`: it failed");
}
