//! Calls of the API, while nothing else goes on and in the midst of everything.

use super::*;

#[test]
fn an_ended_child_stays_until_it_is_restarted_or_removed() {
    let mut bench = Bench::with(Supervision::default(), 1, &child("it").transient());
    bench.does(exited(1, Exit::Normal), "stays 1 stopped");
    bench.does(Event::Stop(Key(1), Token(1)), "#1 done");
    bench.does(Event::Restart(Key(1), Token(2)), "start 1");
    bench.does(Event::Started(Key(1)), "#2 done");
    bench.does(Event::Remove(Key(1), Token(3)), "stop 1, timer 1 in 5s");
    bench.does(exited(1, failure()), "no timer 1, #3 done, gone 1 it failed");
    bench.does(Event::Restart(Key(1), Token(4)), "#4 unknown");
    bench.does(Event::Remove(Key(1), Token(5)), "#5 unknown");
}

#[test]
fn restart_of_one_that_is_up_stops_it_first_and_is_not_counted() {
    let mut bench = Bench::with(Supervision::new(Strategy::OneForAll).max_restarts(0), 3, &child("it"));
    for token in 0..5 {
        bench.does(Event::Restart(Key(2), Token(token)), "stop 2, timer 2 in 5s");
        bench.does(exited(2, failure()), "no timer 2, start 2");
        bench.does(Event::Started(Key(2)), &format!("#{token} done"));
    }
}

#[test]
fn a_restart_that_fails_says_so_and_goes_on_as_the_restart_type_says() {
    let mut bench = Bench::with(Supervision::default(), 1, &child("it"));
    bench.does(Event::Restart(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    bench.does(exited(1, failure()), "#1 failed, start 1");
}

#[test]
fn a_temporary_child_is_restarted_by_hand_only() {
    let mut bench = Bench::with(Supervision::default(), 1, &child("it").temporary());
    bench.does(Event::Restart(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, start 1");
    bench.does(Event::Started(Key(1)), "#1 done");
    bench.does(exited(1, failure()), "gone 1 it failed");
}

#[test]
fn the_later_of_stop_and_restart_counts_and_a_removal_is_final() {
    let mut bench = Bench::with(Supervision::default(), 1, &child("it"));
    bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(Event::Restart(Key(1), Token(2)), "");
    bench.does(exited(1, Exit::Normal), "no timer 1, #1 done, start 1");
    bench.does(Event::Stop(Key(1), Token(3)), "#2 overtaken, stop 1, timer 1 in 5s");
    bench.does(Event::Remove(Key(1), Token(4)), "");
    bench.does(Event::Restart(Key(1), Token(5)), "#5 overtaken");
    bench.does(Event::Stop(Key(1), Token(6)), "");
    bench.does(exited(1, Exit::Normal), "no timer 1, #3 done, #6 done, #4 done, gone 1 stopped");
}

#[test]
fn calls_to_one_that_waits_are_done_at_once() {
    let delay = Duration::from_secs(10);
    let waiting = || {
        let mut bench = Bench::with(Supervision::default().backoff(delay..delay), 1, &child("it"));
        bench.does(exited(1, failure()), "backoff 1 in 10s");
        bench
    };
    waiting().does(Event::Stop(Key(1), Token(1)), "no backoff 1, stays 1 stopped, #1 done");
    waiting().does(Event::Remove(Key(1), Token(1)), "no backoff 1, #1 done, gone 1 stopped");
    waiting().does(Event::Restart(Key(1), Token(1)), "no backoff 1, start 1");
    waiting().does(Event::Shutdown, "no backoff 1, gone 1 stopped, over: Shutdown");
}

#[test]
fn calls_are_answered_while_a_group_restart_goes_on() {
    let mut bench = Bench::of(Strategy::OneForAll, 4);
    bench.does(exited(4, failure()), "stop 3, timer 3 in 5s");
    // Not stopped yet: in its turn, and not started again.
    bench.does(Event::Stop(Key(1), Token(1)), "");
    // Being stopped for the restart.
    bench.does(Event::Remove(Key(3), Token(2)), "");
    // Ended: waits for its start.
    bench.does(Event::Restart(Key(4), Token(3)), "");
    bench.does(exited(3, Exit::Normal), "no timer 3, #2 done, gone 3 stopped, stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, stop 1, timer 1 in 5s");
    bench.does(exited(1, Exit::Normal), "no timer 1, #1 done, stays 1 stopped, start 2");
    bench.does(Event::Started(Key(2)), "start 4");
    bench.does(Event::Started(Key(4)), "#3 done");
}

#[test]
fn one_that_hangs_in_its_start_can_be_stopped_and_the_others_follow() {
    let mut bench = Bench::new(Supervision::new(Strategy::OneForAll));
    bench.add(1, &child("it"));
    bench.add(2, &child("it"));
    bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.now += Duration::from_secs(5);
    bench.does(Event::Timer(Timer::Shutdown(Key(1))), "kill 1");
    bench.does(exited(1, Exit::Killed), "#1 done, stays 1 killed, start 2");
}

#[test]
fn calls_that_wait_are_answered_when_the_supervisor_ends() {
    let mut bench = Bench::of(Strategy::OneForOne, 2);
    bench.does(Event::Restart(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.does(Event::Shutdown, "stop 2, timer 2 in 5s");
    bench.does(Event::Stop(Key(1), Token(2)), "");
    bench.does(Event::Remove(Key(2), Token(3)), "");
    bench.does(Event::Restart(Key(2), Token(4)), "#4 over");
    bench.does(exited(1, Exit::Normal), "no timer 1, #2 done, #1 over, gone 1 stopped");
    bench.does(exited(2, Exit::Normal), "no timer 2, #3 done, gone 2 stopped, over: Shutdown");
}

#[test]
fn a_stop_while_the_supervisor_ends_keeps_the_order() {
    let mut bench = Bench::of(Strategy::OneForOne, 3);
    bench.does(Event::Shutdown, "stop 3, timer 3 in 5s");
    bench.does(Event::Stop(Key(1), Token(1)), "");
    bench.does(exited(3, Exit::Normal), "no timer 3, gone 3 stopped, stop 2, timer 2 in 5s");
}

#[test]
fn timers_that_come_too_late_do_no_harm() {
    let mut bench = Bench::of(Strategy::OneForOne, 1);
    for timer in [Timer::Start(Key(1)), Timer::Shutdown(Key(1)), Timer::Backoff(Key(1)), Timer::Group] {
        bench.does(Event::Timer(timer), "");
    }
    bench.does(Event::Timer(Timer::Start(Key(9))), "");
    bench.does(Event::Stop(Key(1), Token(1)), "stop 1, timer 1 in 5s");
    bench.now += Duration::from_secs(1);
    bench.does(Event::Timer(Timer::Shutdown(Key(1))), "timer 1 in 4s");
}

fn find(key: u64, token: u64) -> Event {
    Event::Find { key: Key(key), leaving: false, token: Token(token) }
}

#[test]
fn one_that_is_ending_is_found_when_it_is_known_whether_it_stays() {
    let mut bench = Bench::with(Supervision::default(), 3, &child("it"));
    bench.does(find(1, 1), "#1 done");
    bench.does(find(9, 2), "#2 unknown");
    // It is told to stop: kept, gone, up again.
    bench.does(Event::Stop(Key(1), Token(3)), "stop 1, timer 1 in 5s");
    bench.does(find(1, 4), "");
    bench.does(exited(1, Exit::Normal), "no timer 1, #3 done, stays 1 stopped, #4 done");
    bench.does(find(1, 5), "#5 done");
    bench.does(Event::Remove(Key(2), Token(6)), "stop 2, timer 2 in 5s");
    bench.does(find(2, 7), "");
    bench.does(exited(2, Exit::Normal), "no timer 2, #6 done, #7 unknown, gone 2 stopped");
    bench.does(Event::Restart(Key(3), Token(8)), "stop 3, timer 3 in 5s");
    bench.does(find(3, 9), "");
    bench.does(exited(3, Exit::Normal), "no timer 3, start 3, #9 done");
}

#[test]
fn one_that_leaves_by_itself_is_found_if_it_comes_back() {
    let mut bench = Bench::with(Supervision::default(), 1, &child("it").transient());
    let spec = Arc::new(child("it").transient());
    for key in [2, 3] {
        bench.handle(Event::Add { key: Key(key), spec: Arc::clone(&spec), kept: false });
        bench.started(key);
        bench.does(Event::Find { key: Key(key), leaving: true, token: Token(key) }, "");
    }
    bench.does(exited(2, failure()), "start 2, #2 done");
    bench.does(exited(3, Exit::Normal), "#3 unknown, gone 3 stopped");
    bench.does(Event::Find { key: Key(2), leaving: true, token: Token(4) }, "");
    bench.does(Event::Shutdown, "stop 2, timer 2 in 5s");
    bench.does(find(1, 5), "#5 over");
    bench.does(exited(2, Exit::Normal), "no timer 2, #4 over, gone 2 stopped, stop 1, timer 1 in 5s");
}

#[test]
fn a_temporary_one_that_its_group_is_to_stop_is_not_found() {
    let mut bench = Bench::of(Strategy::OneForAll, 1);
    bench.add(2, &child("it").temporary());
    bench.started(2);
    bench.add(3, &child("it"));
    bench.started(3);
    bench.does(exited(1, failure()), "stop 3, timer 3 in 5s");
    bench.does(find(2, 1), "");
    bench.does(find(3, 2), "");
    bench.does(exited(3, Exit::Normal), "no timer 3, #2 done, stop 2, timer 2 in 5s");
    bench.does(exited(2, Exit::Normal), "no timer 2, #1 unknown, gone 2 stopped, start 1");
}
