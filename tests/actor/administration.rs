//! Children, looked after by name: added, stopped, restarted, removed, listed; also while something else goes on.

use vela::actor::{ActorState, ChildError, SpawnError, Strategy, Supervision, Supervisor, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Hook, fail, hang, leave};
use crate::stage::{Stage, answers, calm, plain, tell, who};

const ONE: Strategy = Strategy::OneForOne;

/// Starts the call and lets it go on by itself.
macro_rules! meanwhile {
    ($children:expr, $call:ident, $name:expr) => {{
        let children = $children.clone();
        vela::task::spawn(async move { children.$call($name).await })
    }};
}

#[vela::test]
async fn stop_is_over_when_the_child_is_gone() {
    let (stage, [a, _b]) = Stage::with(ONE, ["a", "b"]).await;
    stage.children().stop("a").await.unwrap();
    assert_eq!(stage.notes(), ["a: stopped", "a: dropped"]);
    assert!(a.exit().is_some());
    assert_eq!(stage.children().names(), ["b"]);
    stage.end().await;
}

#[vela::test]
async fn restart_is_over_when_the_child_is_up_again_and_is_counted_nowhere() {
    let stage = Stage::new(Supervision::new(ONE).max_restarts(0));
    let a = stage.add_with(child("a").max_restarts(0), |_, probe| probe.in_started = Hook::Slow(ms(100)));
    stage.children().settled().await;
    for _ in 0..5 {
        let start = Instant::now();
        stage.children().restart("a").await.unwrap();
        assert_eq!(start.elapsed(), ms(100));
    }
    assert!(answers(&a).await);
    assert_eq!(stage.children().list()[0].restarts, 5);
    stage.end().await;
}

#[vela::test]
async fn a_restart_by_hand_concerns_that_child_alone_whatever_the_strategy() {
    for strategy in [ONE, Strategy::OneForAll, Strategy::RestForOne] {
        let (stage, [_a, _b, _c]) = Stage::with(strategy, ["a", "b", "c"]).await;
        stage.children().restart("b").await.unwrap();
        assert_eq!(stage.notes(), ["b: stopped", "b: dropped", "b: started"]);
        stage.end().await;
    }
}

#[vela::test]
async fn a_restart_of_a_hung_child_takes_its_shutdown_time() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").shutdown(ms(40)));
    tell(&a, hang()).await;
    let start = Instant::now();
    stage.children().restart("a").await.unwrap();
    assert_eq!(start.elapsed(), ms(40));
    assert_eq!(stage.notes(), ["a: started", "a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test]
async fn a_restart_that_fails_says_so_and_the_restart_type_decides() {
    let stage = Stage::new(ONE);
    let failing = |run, probe: &mut crate::probe::Probe| {
        if run == 2 {
            probe.in_started = Hook::Err;
        }
    };
    let a = stage.add_with(child("a"), failing);
    stage.add_with(child("b").temporary(), failing);
    stage.children().settled().await;
    for name in ["a", "b"] {
        let error = stage.children().restart(name).await.unwrap_err();
        assert!(matches!(&error, ChildError::Failed { exit, .. } if exit.failure().is_some()), "{error}");
    }
    assert!(answers(&a).await);
    assert_eq!(stage.children().names(), ["a"]);
    stage.end().await;
}

#[vela::test]
async fn a_child_that_is_kept_stays_when_it_was_stopped_and_takes_mail_meanwhile() {
    let stage = Stage::new(ONE);
    let a = stage.keep(child("a"));
    stage.children().settled().await;
    stage.children().stop("a").await.unwrap();
    assert_eq!(stage.children().names(), ["a"]);
    a.send("while it is down").await.unwrap();
    calm().await;
    stage.notes();
    stage.children().restart("a").await.unwrap();
    assert!(answers(&a).await);
    assert_eq!(stage.notes(), ["a: started", "a: while it is down"]);
    stage.end().await;
}

#[vela::test]
async fn a_transient_child_that_is_kept_stays_when_it_has_ended_by_itself() {
    let stage = Stage::new(ONE);
    let a = stage.keep(child("a").transient());
    tell(&a, leave()).await;
    assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped"]);
    assert!(a.exit().is_none(), "it may come back");
    stage.children().restart("a").await.unwrap();
    assert!(answers(&a).await);
    stage.end().await;
}

#[vela::test]
async fn a_temporary_child_is_never_kept() {
    let stage = Stage::new(ONE);
    let a = stage.keep(child("a").temporary());
    a.send(fail("x")).await.unwrap();
    a.terminated().await;
    assert!(stage.children().is_empty());
    stage.end().await;
}

#[vela::test]
async fn what_was_removed_is_unknown_and_its_name_free() {
    let stage = Stage::new(ONE);
    let a = stage.keep(child("a"));
    stage.children().stop("a").await.unwrap();
    stage.children().remove("a").await.unwrap();
    assert!(a.terminated().await.is_normal());
    for result in
        [stage.children().stop("a").await, stage.children().restart("a").await, stage.children().remove("a").await]
    {
        assert!(matches!(result, Err(ChildError::Unknown { .. })));
    }
    let second = stage.keep(child("a"));
    assert!(answers(&second).await);
    stage.end().await;
}

#[vela::test]
async fn names_and_list_are_in_the_order_of_start() {
    let stage = Stage::new(ONE);
    for name in ["z", "a", "m"] {
        stage.add(child(name));
    }
    assert_eq!(stage.children().names(), ["z", "a", "m"]);
    stage.children().settled().await;
    stage.children().restart("z").await.unwrap();
    let list = stage.children().list();
    assert_eq!(list.iter().map(|child| child.name.as_str()).collect::<Vec<_>>(), ["z", "a", "m"]);
    assert_eq!(list.iter().map(|child| child.restarts).collect::<Vec<_>>(), [1, 0, 0]);
    assert!(list.iter().all(|child| child.kind.ends_with("Probe") && child.state == ActorState::Running));
    stage.end().await;
}

#[vela::test]
async fn who_ends_takes_no_more_children_and_restarts_none() {
    let stage = Stage::new(ONE);
    stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let system = stage.system.clone();
    let shutdown = vela::task::spawn(async move { system.shutdown().await });
    calm().await;
    let refused = stage.system.spawn(child("b"), plain("b", &stage.journal)).unwrap_err();
    assert!(matches!(refused, SpawnError::Closed(path) if &*path == "s"));
    assert!(matches!(stage.children().restart("a").await, Err(ChildError::Closed(_))));
    stage.children().stop("a").await.unwrap();
    shutdown.await.unwrap().unwrap();
    assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped"]);
    assert!(matches!(stage.children().stop("a").await, Err(ChildError::Unknown { .. })));
}

#[vela::test]
async fn of_a_restart_and_a_later_stop_the_stop_counts() {
    let stage = Stage::new(ONE);
    stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let start = Instant::now();
    let restart = meanwhile!(stage.children(), restart, "a");
    calm().await;
    let stop = meanwhile!(stage.children(), stop, "a");
    assert!(matches!(restart.await.unwrap(), Err(ChildError::Overtaken { .. })));
    assert_eq!(start.elapsed(), ms(1), "it is told at once");
    stop.await.unwrap().unwrap();
    assert!(stage.children().is_empty());
    stage.end().await;
}

#[vela::test]
async fn of_a_stop_and_a_later_restart_the_restart_counts_and_both_are_answered() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let stop = meanwhile!(stage.children(), stop, "a");
    calm().await;
    stage.children().restart("a").await.unwrap();
    stop.await.unwrap().unwrap();
    assert!(answers(&a).await);
    stage.end().await;
}

#[vela::test]
async fn a_removal_cannot_be_undone() {
    let stage = Stage::new(ONE);
    stage.keep_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let removal = meanwhile!(stage.children(), remove, "a");
    calm().await;
    assert!(matches!(stage.children().restart("a").await, Err(ChildError::Overtaken { .. })));
    stage.children().stop("a").await.unwrap();
    removal.await.unwrap().unwrap();
    assert!(stage.children().is_empty());
    stage.end().await;
}

#[vela::test]
async fn a_call_goes_on_without_its_caller() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(secs(1)));
    stage.children().settled().await;
    let call = meanwhile!(stage.children(), stop, "a");
    calm().await;
    call.cancel();
    assert!(a.terminated().await.is_normal());
    stage.end().await;
}

// The API answers while a restart goes on.
#[vela::test]
async fn a_restart_by_hand_cuts_a_delay_short() {
    let stage = Stage::new(Supervision::new(ONE).backoff(secs(60)..secs(60)));
    let a = stage.add(child("a"));
    tell(&a, fail("x")).await;
    let start = Instant::now();
    stage.children().restart("a").await.unwrap();
    assert!(answers(&a).await);
    assert!(start.elapsed().is_zero());
    stage.end().await;
}

#[vela::test]
async fn a_stop_ends_a_delay() {
    let stage = Stage::new(Supervision::new(ONE).backoff(secs(60)..secs(60)));
    let a = stage.add(child("a"));
    tell(&a, fail("x")).await;
    assert_eq!(a.state(), ActorState::Backoff);
    let start = Instant::now();
    stage.children().stop("a").await.unwrap();
    assert!(a.terminated().await.is_normal());
    assert!(start.elapsed().is_zero());
    sleep(secs(100)).await;
    assert_eq!(who(&stage.notes(), "started"), ["a"]);
    stage.end().await;
}

#[vela::test]
async fn a_child_that_is_kept_and_stopped_in_its_delay_does_not_come_back_by_itself() {
    let stage = Stage::new(Supervision::new(ONE).backoff(secs(60)..secs(60)));
    let a = stage.keep(child("a"));
    tell(&a, fail("x")).await;
    stage.children().stop("a").await.unwrap();
    sleep(secs(100)).await;
    assert_eq!(who(&stage.notes(), "started"), ["a"]);
    stage.children().restart("a").await.unwrap();
    assert!(answers(&a).await);
    stage.end().await;
}

#[vela::test]
async fn siblings_are_looked_after_while_one_keeps_failing_to_start() {
    let stage = Stage::new(Supervision::new(ONE).max_restarts(u32::MAX).backoff(ms(10)..ms(10)));
    stage.add_with(child("bad"), |_, probe| probe.in_started = Hook::Err);
    for round in 0..5 {
        let b = stage.add(child("b"));
        stage.children().restart("b").await.unwrap();
        assert!(answers(&b).await);
        sleep(ms(7 * round)).await;
        stage.children().remove("b").await.unwrap();
    }
    stage.children().remove("bad").await.unwrap();
    stage.end().await;
}

#[vela::test]
async fn calls_are_answered_while_a_group_is_restarted() {
    let stage = Stage::new(Strategy::OneForAll);
    let slow = |_, probe: &mut crate::probe::Probe| probe.in_stopped = Hook::Slow(ms(100));
    let all = ["a", "b", "c"].map(|name| stage.keep_with(child(name), slow));
    stage.children().settled().await;
    stage.notes();
    tell(&all[1], fail("x")).await;
    let calls = [
        meanwhile!(stage.children(), stop, "a"),
        meanwhile!(stage.children(), restart, "b"),
        meanwhile!(stage.children(), restart, "c"),
    ];
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(who(&stage.notes(), "started"), ["b", "c"]);
    assert!(answers(&all[1]).await && answers(&all[2]).await);
    stage.children().restart("a").await.unwrap();
    assert!(answers(&all[0]).await);
    stage.end().await;
}

#[vela::test]
async fn the_children_of_a_restarted_supervisor_are_others() {
    let stage = Stage::new(ONE);
    let tree = Supervisor::new(ONE).child(child("a"), plain("a", &stage.journal));
    let tree = stage.children().supervisor(child("tree"), tree).unwrap();
    let before = tree.children().await.unwrap();
    before.spawn(child("extra"), plain("extra", &stage.journal)).unwrap();
    before.settled().await;
    stage.children().restart("tree").await.unwrap();
    assert!(matches!(before.spawn(child("b"), plain("b", &stage.journal)), Err(SpawnError::Closed(_))));
    assert!(before.is_empty());
    assert_eq!(tree.children().await.unwrap().names(), ["a"]);
    let expected =
        ["a: started", "extra: started", "extra: stopped", "extra: dropped", "a: stopped", "a: dropped", "a: started"];
    assert_eq!(stage.notes(), expected);
    stage.end().await;
}

#[vela::test(schedules = 500)]
async fn an_answer_comes_whatever_else_goes_on() {
    let stage = Stage::new(Supervision::new(Strategy::OneForAll).max_restarts(2).backoff(ms(1)..ms(2)));
    let all = ["a", "b", "c"].map(|name| stage.keep(child(name).shutdown(ms(5))));
    let calls = [
        meanwhile!(stage.children(), stop, "a"),
        meanwhile!(stage.children(), restart, "b"),
        meanwhile!(stage.children(), remove, "c"),
        meanwhile!(stage.children(), restart, "c"),
    ];
    all[1].send(fail("x")).await.ok();
    for call in calls {
        call.await.unwrap().ok();
    }
    stage.end().await;
    for actor in &all {
        actor.terminated().await;
    }
    let notes = stage.notes();
    assert_eq!(who(&notes, "started").len(), who(&notes, "dropped").len(), "{notes:?}");
}

#[vela::test]
async fn children_of_a_run_that_is_over_say_so() {
    let stage = Stage::new(ONE);
    let tree = Supervisor::new(ONE).child(child("a"), plain("a", &stage.journal));
    let tree = stage.children().supervisor(child("tree"), tree).unwrap();
    let stale = tree.children().await.unwrap();
    stage.children().restart("tree").await.unwrap();
    let error = stale.spawn(child("b"), plain("b", &stage.journal)).unwrap_err().to_string();
    assert!(error.starts_with("s/tree ends, or this run of it has ended"), "{error}");
    assert!(error.ends_with("ask it for its children anew"), "{error}");
    tree.children().await.unwrap().spawn(child("b"), plain("b", &stage.journal)).unwrap();
    stage.end().await;
}

#[test]
fn a_system_has_a_name_that_can_stand_in_a_path() {
    for (name, says) in [("", "the name of the system is empty: give it one"), ("a/b", "contains `/`")] {
        let error = vela::actor::System::with(name, ONE).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(std::panic::catch_unwind(|| vela::actor::System::new(name)).is_err());
    }
}
