//! Budgets and delays, as a child's life shows them.

use vela_core::time::{ms, secs};

use super::*;

const NS: Duration = Duration::from_nanos(1);

/// Up at once each time; fails `up` after that. How many restarts there were until the supervisor gave up, at most `most`.
fn restarts(supervision: Supervision, spec: &ChildSpec, up: Duration, most: usize) -> usize {
    let mut bench = Bench::with(supervision, 1, spec);
    for n in 0..most {
        bench.now += up;
        let mut done = bench.fails(1);
        if let Some((timer, at)) = timer_of(&bench) {
            bench.now = at;
            done = bench.handle(Event::Timer(timer));
        }
        if done.contains("escalated") {
            return n;
        }
        assert!(done.ends_with("start 1"), "{done}");
        bench.started(1);
    }
    most
}

/// What the child waits for.
fn timer_of(bench: &Bench) -> Option<(Timer, Duration)> {
    let group = bench.engine.agenda.until.map(|until| (Timer::Group, until));
    group.or_else(|| bench.engine.children.get(&Key(1)).and_then(|child| child.timer))
}

#[test]
fn a_budget_counts_to_the_end_of_its_window() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let supervision = || Supervision::new(strategy).max_restarts(1).within(secs(5));
        assert_eq!(restarts(supervision(), &child("it"), secs(5), 100), 1, "exactly at its end");
        assert_eq!(restarts(supervision(), &child("it"), secs(5) + NS, 100), 100, "one ns later");
    }
}

#[test]
fn a_rate_under_the_limit_never_trips_with_or_without_delays() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let supervision = || Supervision::new(strategy).max_restarts(3).within(secs(6));
        assert_eq!(restarts(supervision(), &child("it"), ms(2001), 1000), 1000);
        assert_eq!(restarts(supervision().backoff(secs(1)..secs(60)), &child("it"), ms(2001), 1000), 1000);
        assert_eq!(restarts(supervision().backoff(secs(1)..secs(60)), &child("it"), ms(1999), 1000), 3);
    }
}

#[test]
fn a_delay_longer_than_the_window_hides_no_child_that_never_stays_up() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let supervision = || Supervision::new(strategy).max_restarts(3).within(secs(5)).backoff(secs(30)..secs(600));
        assert_eq!(restarts(supervision(), &child("it"), ms(1), 100), 3);
        let own = child("it").max_restarts(7).within(secs(5));
        assert_eq!(restarts(supervision().max_restarts(50), &own, ms(1), 100), 7);
    }
}

#[test]
fn the_budget_of_a_child_is_its_own() {
    let own = child("it").max_restarts(1);
    let mut bench = Bench::with(Supervision::default().max_restarts(10), 3, &own);
    for key in 1..=3 {
        assert_eq!(bench.fails(key), format!("start {key}"));
        bench.started(key);
    }
    assert_eq!(bench.fails(2), "gone 2 it failed, stop 3, timer 3 in 5s");
    bench.stops(3);
    assert_eq!(
        bench.stops(1),
        "no timer 1, gone 1 stopped, escalated: more than 1 restarts of `it` within 5s: it failed"
    );
}

#[test]
fn a_child_of_its_own_budget_that_was_stopped_by_hand_in_a_groups_delay_ages_again_once_it_is_up() {
    let delay = secs(10);
    let supervision = Supervision::new(Strategy::OneForAll).max_restarts(100).backoff(delay..delay);
    let mut bench = Bench::with(supervision, 1, &child("it").max_restarts(1));
    bench.fails(1);
    bench.handle(Event::Stop(Key(1), Token(1)));
    bench.now += delay;
    bench.handle(Event::Timer(Timer::Group));
    assert_eq!(bench.handle(Event::Restart(Key(1), Token(2))), "start 1");
    bench.started(1);
    bench.now += secs(5) + NS;
    assert_eq!(bench.fails(1), "backoff in 10s");
}

#[test]
fn delays_grow_with_each_restart_and_start_anew_after_a_time_up() {
    let supervision =
        Supervision::default().max_restarts(u32::MAX).backoff(ms(100)..ms(500)).reset_after(secs(30)).jitter(0.2);
    let mut bench = Bench::with(supervision, 1, &child("it"));
    let mut delay = |up: Duration, chance| {
        bench.now += up;
        let before = bench.now;
        bench.handle(Event::Exited { key: Key(1), exit: failure(), mail: 0, chance });
        let (timer, at) = timer_of(&bench).expect("a delay");
        bench.now = at;
        assert_eq!(bench.handle(Event::Timer(timer)), "start 1");
        bench.started(1);
        at - before
    };
    assert_eq!([(); 5].map(|()| delay(ms(1), 0.0)), [ms(100), ms(200), ms(400), ms(500), ms(500)]);
    assert_eq!(delay(secs(30) - NS, 1.0), ms(600), "not up for long enough; jitter comes on top");
    assert_eq!(delay(secs(30), 0.5), ms(110), "exactly long enough");
    assert_eq!(delay(secs(0), 9.0), ms(240), "chance is at most 1");
}

#[test]
fn a_restart_by_hand_starts_the_delays_anew() {
    let mut bench = Bench::with(Supervision::default().backoff(ms(100)..ms(500)), 1, &child("it"));
    bench.does(exited(1, failure()), "backoff 1 in 100ms");
    bench.does(Event::Restart(Key(1), Token(1)), "no backoff 1, start 1");
    bench.does(Event::Started(Key(1)), "#1 done");
    bench.does(exited(1, failure()), "backoff 1 in 100ms");
}

#[test]
fn no_delay_needs_no_timer() {
    let mut bench = Bench::of(Strategy::OneForOne, 1);
    bench.does(exited(1, failure()), "start 1");
    let none = child("it").backoff(ms(0)..ms(0));
    let mut bench = Bench::with(Supervision::default().backoff(ms(1)..ms(2)), 1, &none);
    bench.does(exited(1, failure()), "start 1");
}

#[test]
fn a_hundred_thousand_children_are_near_linear() {
    // Seconds without optimisation; what is quadratic takes minutes.
    const N: u64 = 100_000;
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let spec = Arc::new(child("it"));
        let mut engine = Engine::new(Supervision::new(strategy).max_restarts(1_000_000));
        let (mut effects, mut done) = (Vec::new(), 0_u64);
        let now = secs(1);
        for key in (1..=N).map(Key) {
            engine.handle(now, Event::Add { key, spec: spec.clone(), kept: false }, &mut effects);
            engine.handle(now, Event::Started(key), &mut effects);
        }
        // Each fails once. In a group, half of them before it is their turn to be stopped.
        let fail = if strategy == Strategy::OneForOne { N } else { N / 2 };
        for key in (1..=fail).map(|key| exited(key, failure())) {
            engine.handle(now, key, &mut effects);
        }
        let mut ended = false;
        loop {
            for effect in std::mem::take(&mut effects) {
                done += 1;
                match effect {
                    Effect::Start(key) => engine.handle(now, Event::Started(key), &mut effects),
                    Effect::Stop(Key(key)) => engine.handle(now, exited(key, Exit::Normal), &mut effects),
                    _ => {}
                }
            }
            if effects.is_empty() && !std::mem::replace(&mut ended, true) {
                engine.handle(now, Event::Shutdown, &mut effects);
            }
            if effects.is_empty() {
                break;
            }
        }
        assert!(engine.is_over() && engine.len() == 0);
        assert!(done > 5 * N);
    }
}

/// Children `1..`, each with a delay of so many seconds.
fn rest_for_one(max_restarts: u32, delays: &[u64]) -> Bench {
    let mut bench = Bench::new(Supervision::new(Strategy::RestForOne).max_restarts(max_restarts).within(secs(5)));
    for (key, &delay) in (1..).zip(delays) {
        bench.add(key, &child("it").backoff(secs(delay)..secs(delay)));
        bench.started(key);
    }
    bench
}

fn group_waits(bench: &mut Bench) -> String {
    bench.now = bench.engine.agenda.until.expect("the group waits");
    bench.handle(Event::Timer(Timer::Group))
}

#[test]
fn children_that_are_up_grow_older_while_others_wait() {
    let mut bench = rest_for_one(2, &[0, 0, 30]);
    bench.fails(1);
    bench.stops(3);
    bench.stops(2);
    for key in 1..=3 {
        bench.started(key);
    }
    bench.now += secs(1);
    assert_eq!(bench.fails(3), "backoff in 30s");
    assert_eq!(group_waits(&mut bench), "no backoff, start 3");
    bench.started(3);
    assert_eq!(bench.fails(1), "stop 3, timer 3 in 5s", "its first restart is too long ago");
}

#[test]
fn a_child_that_joins_a_group_that_waits_grows_no_older() {
    let mut bench = rest_for_one(2, &[0, 0, 10]);
    assert_eq!(bench.fails(3), "backoff in 10s");
    bench.now += secs(1);
    assert_eq!(bench.fails(2), "");
    assert_eq!(group_waits(&mut bench), "no backoff, start 2");
    bench.started(2);
    assert_eq!(bench.fails(2), "gone 2 it failed, stop 3, timer 3 in 5s");
    assert!(bench.engine.is_ending());
}

#[test]
fn the_first_of_those_that_failed_together_grows_no_older() {
    let mut bench = rest_for_one(3, &[10, 10, 10, 10]);
    assert_eq!(bench.fails(2), "backoff in 10s, stop 4, timer 4 in 5s");
    assert_eq!(bench.fails(3), "");
    bench.stops(4);
    for ends in [false, true] {
        assert_eq!(group_waits(&mut bench), "no backoff, start 2");
        bench.started(2);
        bench.fails(2);
        assert_eq!(bench.engine.is_ending(), ends);
        bench.stops(3);
    }
}
