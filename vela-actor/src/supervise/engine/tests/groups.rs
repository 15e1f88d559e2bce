//! Group restarts: the exact order, and failures in the midst of them.

use super::*;
use crate::supervise::Shutdown;

#[test]
fn one_for_all_stops_in_reverse_and_starts_in_order_one_after_the_other() {
    let mut bench = Bench::of(Strategy::OneForAll, 4);
    bench.does(exited(2, failure()), "stop 4, timer 4 in 5s");
    bench.does(exited(4, Exit::Normal), "no timer 4, stop 3, timer 3 in 5s");
    bench.does(exited(3, Exit::Normal), "no timer 3, stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    bench.does(Event::Started(Key(1)), "start 2");
    bench.does(Event::Started(Key(2)), "start 3");
    bench.does(Event::Started(Key(3)), "start 4");
    bench.does(Event::Started(Key(4)), "");
}

#[test]
fn one_that_does_not_stop_is_killed_after_its_time_and_only_its_exit_counts() {
    let mut bench = Bench::of(Strategy::RestForOne, 2);
    bench.does(exited(1, failure()), "stop 2, timer 2 in 5s");
    bench.now += Duration::from_secs(5);
    bench.does(Event::Timer(Timer::Shutdown(Key(2))), "kill 2");
    bench.does(exited(2, Exit::Killed), "start 1");
}

#[test]
fn temporary_siblings_are_stopped_and_not_started_again() {
    let mut bench = Bench::of(Strategy::OneForAll, 1);
    bench.add(2, &child("it").temporary());
    bench.started(2);
    bench.does(exited(1, failure()), "stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, gone 2 stopped, start 1");
    bench.does(Event::Started(Key(1)), "");
}

#[test]
fn a_transient_sibling_that_has_ended_holds_nothing_up() {
    let mut bench = Bench::with(Supervision::new(Strategy::OneForAll), 3, &child("it").transient());
    bench.does(exited(2, Exit::Normal), "stays 2 stopped");
    bench.does(exited(1, failure()), "stop 3, timer 3 in 5s");
    bench.does(exited(3, Exit::Normal), "no timer 3, start 1");
    bench.does(Event::Started(Key(1)), "start 3");
    bench.does(Event::Started(Key(3)), "");
    assert_eq!(bench.state(2), Some(State::Stopped));
}

#[test]
fn failure_in_the_start_phase_stops_those_that_were_started_and_starts_again_until_the_budget_is_used_up() {
    let mut bench = Bench::of(Strategy::OneForAll, 3);
    bench.does(exited(3, failure()), "stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    for _ in 0..2 {
        bench.does(Event::Started(Key(1)), "start 2");
        bench.does(Event::Started(Key(2)), "start 3");
        bench.does(exited(3, failure()), "stop 2, timer 2 in 5s");
        bench.does(exited(2, Exit::Normal), "no timer 2, stop 1, timer 1 in 5s");
        bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    }
    bench.started(1);
    bench.started(2);
    bench.does(exited(3, failure()), "gone 3 it failed, stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, gone 2 stopped, stop 1, timer 1 in 5s");
    bench.does(
        exited(1, Exit::Normal),
        "no timer 1, gone 1 stopped, escalated: more than 3 restarts within 5s, the last because of `it`: it failed",
    );
}

#[test]
fn rest_for_one_merges_failures_from_the_earliest_on() {
    let mut bench = Bench::of(Strategy::RestForOne, 4);
    bench.does(exited(3, failure()), "stop 4, timer 4 in 5s");
    bench.does(exited(2, failure()), "");
    bench.does(exited(4, Exit::Normal), "no timer 4, start 2");
    bench.does(Event::Started(Key(2)), "start 3");
    bench.does(exited(1, failure()), "stop 3, timer 3 in 5s");
    bench.does(exited(3, Exit::Normal), "no timer 3, stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, start 1");
    bench.does(Event::Started(Key(1)), "start 2");
    bench.does(Event::Started(Key(2)), "start 3");
    bench.does(Event::Started(Key(3)), "start 4");
}

#[test]
fn rest_for_one_in_the_start_phase_leaves_those_before_alone() {
    let mut bench = Bench::of(Strategy::RestForOne, 3);
    bench.does(exited(1, failure()), "stop 3, timer 3 in 5s");
    bench.stops(3);
    bench.does(exited(2, Exit::Normal), "no timer 2, start 1");
    bench.does(Event::Started(Key(1)), "start 2");
    bench.does(exited(2, failure()), "start 2");
    bench.does(Event::Started(Key(2)), "start 3");
}

#[test]
fn failures_of_siblings_that_have_not_been_stopped_yet_are_counted() {
    let mut bench = Bench::of(Strategy::OneForAll, 6);
    for key in [2, 3, 4] {
        bench.fails(key);
    }
    bench.does(exited(5, failure()), "gone 5 it failed, gone 4 it failed, gone 3 it failed, gone 2 it failed");
    bench.does(exited(6, Exit::Normal), "no timer 6, gone 6 stopped, stop 1, timer 1 in 5s");
}

#[test]
fn the_whole_group_waits_for_the_delay_and_is_stopped_at_once() {
    let supervision = Supervision::new(Strategy::OneForAll).backoff(Duration::from_secs(10)..Duration::from_secs(20));
    let mut bench = Bench::with(supervision, 2, &child("it"));
    bench.does(exited(1, failure()), "backoff in 10s, stop 2, timer 2 in 5s");
    bench.now += Duration::from_secs(1);
    bench.does(exited(2, Exit::Normal), "no timer 2");
    bench.now += Duration::from_secs(9) - Duration::from_nanos(1);
    bench.does(Event::Timer(Timer::Group), "backoff in 1ns");
    bench.now += Duration::from_nanos(1);
    bench.does(Event::Timer(Timer::Group), "no backoff, start 1");
    bench.does(Event::Started(Key(1)), "start 2");
}

#[test]
fn a_further_failure_makes_the_wait_longer_but_not_shorter() {
    let (long, short) = (Duration::from_secs(10), Duration::from_secs(2));
    let mut bench = Bench::of(Strategy::OneForAll, 1);
    bench.add(2, &child("it").backoff(long..long));
    bench.started(2);
    bench.add(3, &child("it").backoff(short..short));
    bench.started(3);
    bench.does(exited(3, failure()), "backoff in 2s, stop 2, timer 2 in 5s");
    bench.does(exited(1, failure()), "");
    bench.does(exited(2, Exit::Normal), "no timer 2");

    let mut bench = Bench::of(Strategy::RestForOne, 1);
    bench.add(2, &child("it").backoff(long..long));
    bench.started(2);
    bench.add(3, &child("it").backoff(short..short));
    bench.started(3);
    bench.does(exited(3, failure()), "backoff in 2s");
    bench.does(exited(2, failure()), "backoff in 10s");
}

#[test]
fn children_of_a_group_start_in_their_turn() {
    let mut bench = Bench::new(Supervision::new(Strategy::OneForAll));
    assert_eq!(bench.add(1, &child("it")), "start 1");
    assert_eq!(bench.add(2, &child("it")), "");
    assert_eq!(bench.started(1), "start 2");
    // A failure in this phase is one as any other.
    assert_eq!(bench.fails(2), "stop 1, timer 1 in 5s");
    assert_eq!(bench.stops(1), "no timer 1, start 1");
}

#[test]
fn one_that_is_not_up_in_time_is_killed_and_that_is_a_failure() {
    let slow = child("it").start_timeout(Duration::from_secs(2)).shutdown(Shutdown::Unlimited);
    let mut bench = Bench::of(Strategy::OneForAll, 1);
    assert_eq!(bench.add(2, &slow), "start 2, start-timer 2 in 2s");
    bench.now += Duration::from_secs(2);
    bench.does(Event::Timer(Timer::Start(Key(2))), "overdue 2");
    bench.does(Event::Started(Key(2)), "");
    bench.does(exited(2, failure()), "stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    bench.does(Event::Started(Key(1)), "start 2, start-timer 2 in 2s");
    bench.does(Event::Started(Key(2)), "no start-timer 2");
}

#[test]
fn an_overdue_one_is_counted_though_its_turn_to_stop_has_come() {
    let slow = child("it").start_timeout(Duration::from_secs(2));
    let mut bench = Bench::with(Supervision::new(Strategy::OneForAll).max_restarts(1), 1, &child("it"));
    bench.add(2, &slow);
    bench.now += Duration::from_secs(2);
    bench.does(Event::Timer(Timer::Start(Key(2))), "overdue 2");
    bench.does(exited(1, failure()), "");
    bench.does(
        exited(2, failure()),
        "gone 2 it failed, gone 1 it failed, \
         escalated: more than 1 restarts within 5s, the last because of `it`: it failed",
    );
}
