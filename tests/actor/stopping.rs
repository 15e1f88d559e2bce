//! How actors stop: orders, times, kills, and ends of their own in the same moment.

use std::convert::Infallible;
use std::time::Duration;

use vela::actor::{Actor, ActorContext, ActorState, Address, Exit, Shutdown, Strategy, Supervision, Supervisor, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Hook, Journal, Probe, deed, fail, hang, leave, panic};
use crate::stage::{Stage, answers, calm, maker, plain, tell, who};

const ONE: Strategy = Strategy::OneForOne;

#[vela::test]
async fn stop_is_for_good_whatever_the_restart_type() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a"));
    let b = stage.keep(child("b"));
    for actor in [&a, &b] {
        actor.stop();
        assert!(actor.terminated().await.is_normal());
    }
    assert!(stage.children().is_empty());
    assert_eq!(stage.children().len(), 0);
    stage.end().await;
}

#[vela::test]
async fn to_stop_twice_is_to_stop_once() {
    let (stage, [a, b]) = Stage::with(ONE, ["a", "b"]).await;
    a.stop();
    a.stop();
    a.terminated().await;
    a.stop();
    assert!(answers(&b).await);
    assert_eq!(stage.notes(), ["a: stopped", "a: dropped"]);
    stage.end().await;
}

// kameo: the stop hook of some actors is never run.
#[vela::test]
async fn stop_hooks_run_after_those_of_the_children() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(
        &a,
        deed(|probe, cx| {
            Box::pin(async move {
                for name in ["k1", "k2"] {
                    cx.spawn(child(name), plain(name, &probe.journal)).unwrap();
                }
                Ok(())
            })
        }),
    )
    .await;
    stage.notes();
    stage.end().await;
    let expected = ["k2: stopped", "k2: dropped", "k1: stopped", "k1: dropped", "a: stopped", "a: dropped"];
    assert_eq!(stage.notes(), expected);
}

#[vela::test]
async fn whole_trees_stop_depth_first_in_reverse() {
    let stage = Stage::new(ONE);
    let leaf = |name: &str| plain(name, &stage.journal);
    let inner = |x: &'static str, y: &'static str| {
        Supervisor::new(Strategy::RestForOne).child(child(x), leaf(x)).child(child(y), leaf(y))
    };
    let tree = Supervisor::new(ONE).supervisor(child("l"), inner("a", "b")).supervisor(child("r"), inner("c", "d"));
    stage.children().supervisor(child("tree"), tree).unwrap();
    stage.add(child("e"));
    stage.children().settled().await;
    stage.end().await;
    assert_eq!(who(&stage.notes(), "dropped"), ["e", "d", "c", "b", "a"]);
}

#[vela::test]
async fn a_slow_stop_within_its_time_is_waited_for() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a").shutdown(secs(5)), |_, probe| probe.in_stopped = Hook::Slow(ms(4_999)));
    stage.children().settled().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), ms(4_999));
    assert!(a.exit().unwrap().is_normal());
}

#[vela::test]
async fn children_that_stop_together_take_as_long_as_the_slowest() {
    let stage = Stage::new(Supervision::new(ONE).stop_together());
    for (name, time) in [("a", 100), ("b", 300), ("c", 200)] {
        stage.add_with(child(name).shutdown(ms(time)), |_, probe| probe.in_stopped = Hook::Hang);
    }
    stage.add_with(child("d"), |_, probe| probe.in_stopped = Hook::Slow(ms(50)));
    stage.add(child("e"));
    stage.children().settled().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), ms(300));
    // Hooks begin side by side; who has an end of its own has it in its own time.
    assert_eq!(who(&stage.notes(), "dropped"), ["e", "d", "a", "c", "b"]);
}

#[vela::test(schedules = 20)]
async fn a_thousand_that_hang_stop_together_within_one_shutdown_time() {
    let stage = Stage::new(ONE);
    let crowd = Supervisor::new(Supervision::new(ONE).stop_together());
    let crowd = stage.children().supervisor(child("crowd"), crowd).unwrap();
    let children = crowd.children().await.unwrap();
    for n in 0..1_000 {
        let hangs = maker("n", &stage.journal, |_, probe| probe.in_stopped = Hook::Hang);
        children.spawn(child(format!("n{n}")).temporary(), hangs).unwrap();
    }
    children.settled().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), secs(5));
    assert_eq!(who(&stage.notes(), "dropped").len(), 1_000);
}

#[vela::test]
async fn who_stops_together_is_killed_together_when_the_time_for_all_is_over() {
    let stage = Stage::new(Supervision::new(ONE).stop_together());
    for name in ["a", "b", "c"] {
        stage.add_with(child(name).shutdown(Shutdown::Unlimited), |_, probe| probe.in_stopped = Hook::Hang);
    }
    stage.children().settled().await;
    let start = Instant::now();
    stage.system.shutdown_within(ms(70)).await.unwrap();
    assert_eq!(start.elapsed(), ms(70));
}

#[vela::test]
async fn each_has_a_shutdown_time_of_its_own() {
    let stage = Stage::new(ONE);
    let all: Vec<_> = [("a", 100), ("b", 200), ("c", 300)]
        .map(|(name, time)| stage.add_with(child(name).shutdown(ms(time)), |_, probe| probe.in_stopped = Hook::Hang))
        .into();
    stage.children().settled().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), ms(600));
    assert!(all.iter().all(|actor| matches!(actor.exit(), Some(Exit::Killed))));
    assert_eq!(who(&stage.notes(), "dropped"), ["c", "b", "a"]);
}

#[vela::test]
async fn who_is_to_be_killed_hears_no_stop_hook_and_takes_no_time() {
    let stage = Stage::new(ONE);
    stage.add(child("a").shutdown(Shutdown::Kill));
    stage.add(child("b").shutdown(ms(0)));
    stage.children().settled().await;
    let start = Instant::now();
    stage.end().await;
    assert!(start.elapsed().is_zero());
    assert_eq!(stage.notes()[2..], ["b: dropped", "a: dropped"]);
}

#[vela::test]
async fn who_may_take_any_time_is_waited_for() {
    let stage = Stage::new(ONE);
    let day = secs(24 * 3600);
    let a =
        stage.add_with(child("a").shutdown(Shutdown::Unlimited), move |_, probe| probe.in_stopped = Hook::Slow(day));
    let b = stage.add_with(child("b").shutdown(Duration::MAX), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), day + secs(1));
    assert!(a.exit().unwrap().is_normal() && b.exit().unwrap().is_normal());
}

#[vela::test]
async fn what_has_not_stopped_in_time_is_killed_by_a_limited_shutdown() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a").shutdown(Shutdown::Unlimited), |_, probe| probe.in_stopped = Hook::Hang);
    let b = stage.add(child("b"));
    stage.children().settled().await;
    let start = Instant::now();
    stage.system.shutdown_within(ms(70)).await.unwrap();
    assert_eq!(start.elapsed(), ms(70));
    assert!(matches!(a.exit(), Some(Exit::Killed)));
    assert!(b.exit().unwrap().is_normal());
}

#[vela::test]
async fn a_child_that_fails_while_the_others_stop_is_not_restarted() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a"));
    stage.add_with(child("b"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let ends = stage.system.clone();
    let shutdown = vela::task::spawn(async move { ends.shutdown().await });
    calm().await;
    tell(&a, fail("late")).await;
    shutdown.await.unwrap().unwrap();
    assert!(a.terminated().await.failure().is_some());
    assert_eq!(who(&stage.notes(), "started").len(), 2);
}

#[vela::test(schedules = 500)]
async fn stop_and_an_end_of_its_own_are_one_end() {
    for end in [fail("x"), panic("x"), leave()] {
        let stage = Stage::new(Supervision::new(ONE).max_restarts(1));
        let a = stage.add(child("a"));
        a.send(end).await.unwrap();
        let stopper = a.clone();
        let stop = vela::task::spawn(async move { stopper.stop() });
        a.terminated().await;
        stop.await.unwrap();
        let notes = stage.notes();
        assert_eq!(who(&notes, "started").len(), who(&notes, "dropped").len(), "{notes:?}");
        assert!(stage.children().is_empty());
        stage.end().await;
    }
}

#[vela::test(schedules = 500)]
async fn stop_and_kill_in_one_moment_are_one_end() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a"));
    let killer = a.clone();
    let kill = vela::task::spawn(async move { killer.kill() });
    a.stop();
    let exit = a.terminated().await;
    kill.await.unwrap();
    assert!(matches!(exit, Exit::Normal | Exit::Killed), "{exit}");
    let notes = stage.notes();
    assert_eq!(who(&notes, "started").len(), who(&notes, "dropped").len(), "{notes:?}");
    stage.end().await;
}

#[vela::test]
async fn one_that_was_killed_comes_back() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(&a, hang()).await;
    a.kill();
    assert!(answers(&a).await);
    assert_eq!(stage.notes(), ["a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test]
async fn a_stop_during_the_start_is_obeyed_after_it() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a"), |_, probe| probe.in_started = Hook::Slow(secs(1)));
    calm().await;
    a.send("never").await.unwrap();
    a.stop();
    assert!(a.terminated().await.is_normal());
    assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped"]);
    stage.end().await;
}

#[vela::test]
async fn a_shutdown_that_nobody_waits_for_goes_on() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let system = stage.system.clone();
    let shutdown = vela::task::spawn(async move { system.shutdown().await });
    calm().await;
    shutdown.cancel();
    assert!(a.terminated().await.is_normal());
    stage.end().await;
}

#[vela::test]
async fn a_shutdown_that_many_wait_for_ends_for_all_of_them() {
    let (stage, [_a, _b]) = Stage::with(ONE, ["a", "b"]).await;
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let system = stage.system.clone();
            vela::task::spawn(async move { system.shutdown().await })
        })
        .collect();
    for waiter in waiting {
        waiter.await.unwrap().unwrap();
    }
    assert_eq!(who(&stage.notes(), "dropped"), ["b", "a"]);
}

#[vela::test]
async fn one_that_waits_for_its_own_system_to_end_is_killed_after_its_time() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").shutdown(ms(300)));
    let system = stage.system.clone();
    let start = Instant::now();
    a.send(deed(move |_, _| {
        Box::pin(async move {
            system.shutdown().await.unwrap();
            Ok(())
        })
    }))
    .await
    .unwrap();
    stage.system.terminated().await.unwrap();
    assert_eq!(start.elapsed(), ms(300));
    assert!(matches!(a.exit(), Some(Exit::Killed)));
}

#[vela::test]
async fn a_stop_of_one_deep_in_the_tree_leaves_the_rest_alone() {
    let stage = Stage::new(ONE);
    let tree = Supervisor::new(Strategy::OneForAll)
        .child(child("a"), plain("a", &stage.journal))
        .child(child("b"), plain("b", &stage.journal));
    let tree = stage.children().supervisor(child("tree"), tree).unwrap();
    let children = tree.children().await.unwrap();
    stage.notes();
    children.stop("a").await.unwrap();
    calm().await;
    assert_eq!(stage.notes(), ["a: stopped", "a: dropped"]);
    stage.end().await;
}

#[vela::test]
async fn mail_that_is_left_at_the_end_is_dropped_with_its_asks_answered_by_an_error() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(
        &a,
        deed(|_, _| {
            Box::pin(async {
                sleep(ms(10)).await;
                Ok(())
            })
        }),
    )
    .await;
    let asker = a.clone();
    let ask = vela::task::spawn(async move { answers(&asker).await });
    a.send("never").await.unwrap();
    a.stop();
    assert!(!ask.await.unwrap() || a.exit().is_some());
    a.terminated().await;
    assert_eq!(a.mailbox_len(), 0);
    assert!(!stage.notes().contains(&"a: never".to_owned()));
    stage.end().await;
}

/// Notes whether its end was told before it was gone.
struct Witness {
    journal: Journal,
    own: Option<Address<Witness>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let told = self.own.take().is_some_and(|own| own.exit().is_some());
        self.journal.note(if told { "dropped too late" } else { "dropped" });
    }
}

impl Actor for Witness {
    type Message = Infallible;
    type Error = Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        self.own = Some(cx.address());
        Ok(())
    }

    async fn handle(&mut self, never: Infallible, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match never {}
    }
}

#[vela::test]
async fn one_that_is_killed_is_gone_before_anybody_learns_of_it() {
    let journal = Journal::new();
    let a = vela::actor::spawn(Witness { journal: journal.clone(), own: None });
    calm().await;
    a.kill();
    a.terminated().await;
    assert_eq!(journal.take(), ["dropped"]);
}

/// By each way, and while it is in its handler.
#[vela::test]
async fn one_that_was_told_to_end_is_shown_as_stopping() {
    type Way = fn(&Address<Probe>);
    let ways: [(Way, &str); 3] = [(Address::stop, "a"), (Address::stop_after_mail, "b"), (Address::kill, "c")];
    let stage = Stage::new(ONE);
    for (way, name) in ways {
        let a = stage.add(child(name).temporary());
        let busy = deed(|_, _| {
            Box::pin(async {
                sleep(ms(50)).await;
                Ok(())
            })
        });
        tell(&a, busy).await;
        assert_eq!(a.state(), ActorState::Running);
        way(&a);
        if name != "c" {
            calm().await;
        }
        assert_eq!(a.state(), ActorState::Stopping, "{name}");
        a.terminated().await;
        assert_eq!(a.state(), ActorState::Stopped);
    }
    stage.end().await;
}
