//! The end of a supervisor: asked for, decided by significant children, by force.

use super::*;
use crate::supervise::{AutoShutdown, Shutdown};

#[test]
fn shutdown_goes_in_reverse_each_with_its_own_time() {
    let mut bench = Bench::of(Strategy::OneForOne, 1);
    bench.add(2, &child("it").shutdown(Shutdown::Kill));
    bench.started(2);
    bench.add(3, &child("it").shutdown(Shutdown::Unlimited));
    bench.started(3);
    bench.add(4, &child("it").shutdown(Duration::from_secs(60)));
    bench.started(4);
    bench.does(Event::Shutdown, "stop 4, timer 4 in 60s");
    bench.does(exited(4, failure()), "no timer 4, gone 4 it failed, stop 3");
    bench.does(exited(3, Exit::Normal), "gone 3 stopped, kill 2");
    bench.does(exited(2, Exit::Killed), "gone 2 killed, stop 1, timer 1 in 5s");
    bench.now += Duration::from_secs(5);
    bench.does(Event::Timer(Timer::Shutdown(Key(1))), "kill 1");
    bench.does(exited(1, Exit::Killed), "gone 1 killed, over: Shutdown");
}

#[test]
fn children_that_stop_together_are_asked_at_once_each_with_its_own_time() {
    let mut bench = Bench::with(Supervision::default().stop_together(), 1, &child("it"));
    bench.add(2, &child("it").shutdown(Shutdown::Kill));
    bench.started(2);
    bench.add(3, &child("it").shutdown(Shutdown::Unlimited));
    bench.add(4, &child("it").transient());
    bench.stops(4);
    bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(Event::Shutdown, "gone 4 stopped, stop 3, kill 2");
    bench.does(exited(2, Exit::Killed), "gone 2 killed");
    bench.does(Event::Stop(Key(3), Token(2)), "");
    bench.now += Duration::from_secs(5);
    bench.does(Event::Timer(Timer::Shutdown(Key(1))), "kill 1");
    bench.does(exited(1, Exit::Killed), "#1 done, gone 1 killed");
    bench.does(exited(3, failure()), "#2 done, gone 3 it failed, over: Shutdown");
}

#[test]
fn children_that_stop_together_do_so_when_the_supervisor_gives_up() {
    let mut bench = Bench::with(Supervision::default().stop_together().max_restarts(0), 3, &child("it"));
    bench.does(exited(2, failure()), "stop 3, timer 3 in 5s, gone 2 it failed, stop 1, timer 1 in 5s");
}

#[test]
fn shutdown_without_children_is_over_at_once_and_only_once() {
    let mut bench = Bench::new(Supervision::default());
    bench.does(Event::Shutdown, "over: Shutdown");
    bench.does(Event::Shutdown, "");
    bench.does(Event::Kill, "");
    assert_eq!(bench.add(1, &child("it")), "gone 1 stopped");
    bench.does(Event::Stop(Key(1), Token(1)), "#1 unknown");
}

#[test]
fn failures_after_the_shutdown_are_neither_counted_nor_answered() {
    let mut bench = Bench::of(Strategy::OneForAll, 3);
    bench.does(Event::Shutdown, "stop 3, timer 3 in 5s");
    bench.does(exited(1, failure()), "gone 1 it failed");
    bench.does(exited(3, Exit::Normal), "no timer 3, gone 3 stopped, stop 2, timer 2 in 5s");
    bench.does(exited(2, failure()), "no timer 2, gone 2 it failed, over: Shutdown");
}

#[test]
fn shutdown_in_the_midst_of_a_group_restart_takes_over() {
    let delay = Duration::from_secs(10);
    let mut bench = Bench::with(Supervision::new(Strategy::OneForAll).backoff(delay..delay), 3, &child("it"));
    bench.does(exited(2, failure()), "backoff in 10s, stop 3, timer 3 in 5s");
    bench.does(Event::Shutdown, "no backoff, gone 2 stopped");
    bench.does(exited(3, Exit::Normal), "no timer 3, gone 3 stopped, stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, gone 1 stopped, over: Shutdown");
}

#[test]
fn kill_waits_for_nobody() {
    let mut bench = Bench::with(Supervision::default(), 3, &child("it").shutdown(Shutdown::Unlimited));
    bench.does(Event::Shutdown, "stop 3");
    bench.does(Event::Kill, "kill 3, kill 2, kill 1");
    bench.does(exited(1, Exit::Killed), "gone 1 killed");
    bench.does(exited(3, Exit::Killed), "gone 3 killed");
    bench.does(exited(2, Exit::Killed), "gone 2 killed, over: Shutdown");
}

#[test]
fn the_time_to_stop_stands_still_while_it_waits_for_its_own_children() {
    let waits = |waits| Event::Waits { key: Key(1), waits };
    let over = || Event::Timer(Timer::Shutdown(Key(1)));
    let mut bench = Bench::of(Strategy::OneForOne, 1);
    bench.does(Event::Shutdown, "stop 1, timer 1 in 5s");
    bench.now += Duration::from_secs(2);
    bench.does(waits(true), "no timer 1");
    bench.now += Duration::from_secs(100);
    bench.does(over(), "");
    bench.does(waits(false), "timer 1 in 3s");
    bench.now += Duration::from_secs(3);
    bench.does(over(), "kill 1");
    bench.does(waits(false), "");
    bench.does(exited(1, Exit::Killed), "gone 1 killed, over: Shutdown");

    let mut before = Bench::of(Strategy::OneForOne, 1);
    before.does(waits(true), "");
    before.does(Event::Shutdown, "stop 1");
    before.does(waits(false), "timer 1 in 5s");

    let given = child("it").shutdown(Duration::from_secs(1));
    let mut given = Bench::with(Supervision::default(), 1, &given);
    given.does(Event::Shutdown, "stop 1, timer 1 in 1s");
    given.does(waits(true), "");
}

#[test]
fn one_that_is_starting_is_stopped_too() {
    let mut bench = Bench::new(Supervision::new(Strategy::OneForAll));
    bench.add(1, &child("it").start_timeout(Duration::from_secs(9)));
    bench.add(2, &child("it"));
    bench.does(Event::Shutdown, "gone 2 stopped, no start-timer 1, stop 1, timer 1 in 5s");
    bench.does(Event::Started(Key(1)), "");
    bench.does(exited(1, Exit::Normal), "no timer 1, gone 1 stopped, over: Shutdown");
}

fn with_significant(when: AutoShutdown) -> Bench {
    let mut bench = Bench::with(Supervision::default().auto_shutdown(when), 2, &child("it").transient().significant());
    bench.add(3, &child("it").temporary().significant());
    bench.started(3);
    bench.add(4, &child("it"));
    bench.started(4);
    bench
}

#[test]
fn any_significant_child_that_ends_by_itself_ends_the_supervisor() {
    let mut bench = with_significant(AutoShutdown::AnySignificant);
    bench.does(exited(1, failure()), "start 1");
    bench.started(1);
    bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, #1 done, stays 1 stopped");
    bench.does(exited(3, failure()), "gone 3 it failed, gone 1 stopped, stop 4, timer 4 in 5s");
    bench.does(exited(4, Exit::Normal), "no timer 4, gone 4 stopped, stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, gone 2 stopped, over: AutoShutdown");
}

#[test]
fn the_last_significant_child_that_ends_by_itself_ends_the_supervisor() {
    let mut bench = with_significant(AutoShutdown::AllSignificant);
    bench.does(exited(1, Exit::Normal), "stays 1 stopped");
    bench.does(exited(3, Exit::Normal), "gone 3 stopped");
    bench.does(Event::Restart(Key(1), Token(1)), "start 1");
    bench.does(exited(2, Exit::Normal), "stays 2 stopped");
    bench.does(Event::Started(Key(1)), "#1 done");
    bench.does(exited(1, Exit::Normal), "stays 1 stopped, gone 2 stopped, gone 1 stopped, stop 4, timer 4 in 5s");
}

#[test]
fn one_that_fails_while_it_drains_is_started_for_the_rest_in_the_time_that_is_left() {
    let mut bench = Bench::with(Supervision::default().max_restarts(0), 2, &child("it").drain());
    bench.does(Event::Shutdown, "drain 2, timer 2 in 5s");
    bench.does(fails_with_mail(2, 3), "finish 2");
    assert_eq!(bench.started(2), "");
    // As much as before: it would go on like that.
    bench.does(fails_with_mail(2, 3), "no timer 2, gone 2 it failed, drain 1, timer 1 in 5s");
    bench.does(fails_with_mail(1, 3), "finish 1");
    bench.does(fails_with_mail(1, 2), "finish 1");
    bench.does(exited(1, Exit::Normal), "no timer 1, gone 1 stopped, over: Shutdown");
}

#[test]
fn one_that_waits_for_its_restart_is_stopped_in_its_turn_and_may_have_mail() {
    let delay = Duration::from_secs(10);
    let mut bench = Bench::with(Supervision::default().backoff(delay..delay), 2, &child("it").drain());
    bench.does(fails_with_mail(1, 3), "backoff 1 in 10s");
    bench.does(Event::Shutdown, "no backoff 1, drain 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, gone 2 stopped, finish 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, gone 1 stopped, over: Shutdown");
}
