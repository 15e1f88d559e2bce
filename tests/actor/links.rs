//! Links and watches: who learns of an end, and who fails with it.

use vela::actor::{Address, Decision, Exit, FailureKind, Spawn, Strategy, Supervision, child};
use vela::prelude::*;

use crate::probe::{Journal, Probe, ProbeMsg, deed, fail, hang, leave};
use crate::stage::{Stage, answers, calm, tell};

fn alone(name: &'static str, journal: &Journal) -> Address<Probe> {
    Spawn::new().name(name).start(Probe::new(name, journal))
}

fn link(other: &Address<Probe>) -> ProbeMsg {
    let other = other.clone();
    deed(move |_, cx| {
        Box::pin(async move {
            cx.link(&other);
            Ok(())
        })
    })
}

fn watch(other: &Address<Probe>) -> ProbeMsg {
    let other = other.clone();
    deed(move |_, cx| {
        Box::pin(async move {
            cx.watch(&other);
            Ok(())
        })
    })
}

#[vela::test]
async fn two_that_are_linked_fail_with_each_other() {
    for turn in [false, true] {
        let journal = Journal::new();
        let (a, b) = (alone("a", &journal), alone("b", &journal));
        tell(&a, link(&b)).await;
        let (first, second) = if turn { (&b, &a) } else { (&a, &b) };
        first.send(fail("x")).await.unwrap();
        let exit = second.terminated().await;
        let FailureKind::Link(why) = exit.failure().unwrap().kind() else { panic!("{exit}") };
        assert!(why.to_string().ends_with("while running: x"));
        assert!(journal.take().iter().any(|note| note.contains(&format!("{}: stopped [", second.path()))), "hooks run");
    }
}

#[vela::test]
async fn a_normal_end_concerns_nobody_who_is_linked() {
    let journal = Journal::new();
    let (a, b) = (alone("a", &journal), alone("b", &journal));
    tell(&a, link(&b)).await;
    b.stop();
    assert!(b.terminated().await.is_normal());
    calm().await;
    assert!(answers(&a).await);
}

#[vela::test]
async fn a_kill_is_a_bad_end_for_who_is_linked() {
    let journal = Journal::new();
    let (a, b) = (alone("a", &journal), alone("b", &journal));
    tell(&a, link(&b)).await;
    tell(&b, hang()).await;
    b.kill();
    let exit = a.terminated().await;
    assert!(matches!(exit.failure().unwrap().kind(), FailureKind::Link(why) if matches!(**why, Exit::Killed)));
}

#[vela::test]
async fn a_link_to_one_that_has_failed_already_fails_at_once() {
    let journal = Journal::new();
    let (a, b) = (alone("a", &journal), alone("b", &journal));
    b.send(fail("x")).await.unwrap();
    b.terminated().await;
    a.send(link(&b)).await.unwrap();
    assert!(a.terminated().await.failure().is_some());
}

#[vela::test]
async fn a_restart_is_no_end_for_links_and_watches() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    tell(&a, link(&b)).await;
    tell(&a, watch(&b)).await;
    tell(&b, fail("x")).await;
    assert!(answers(&a).await && answers(&b).await);
    assert_eq!(stage.children().list()[0].restarts, 0);
    assert_eq!(stage.notes(), ["b: stopped", "b: dropped", "b: started"]);
    stage.end().await;
}

#[vela::test]
async fn one_that_fails_by_a_link_is_restarted_as_after_any_failure() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a"));
    let b = stage.add(child("b").temporary());
    tell(&a, link(&b)).await;
    tell(&a, hang()).await;
    stage.notes();
    b.send(fail("x")).await.unwrap();
    assert!(answers(&a).await, "its handler was dropped at its await");
    assert_eq!(stage.notes(), ["b: stopped", "b: dropped", "a: stopped", "a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test(schedules = 500)]
async fn a_link_to_one_that_fails_in_the_same_moment_is_not_lost() {
    let journal = Journal::new();
    let (a, b) = (alone("a", &journal), alone("b", &journal));
    a.send(link(&b)).await.unwrap();
    b.send(fail("x")).await.unwrap();
    assert!(a.terminated().await.failure().is_some());
}

#[vela::test(schedules = 500)]
async fn a_link_is_not_lost_when_the_other_one_has_not_begun() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a").temporary());
    let b = stage.add(child("b").temporary());
    a.send(link(&b)).await.unwrap();
    a.send(fail("x")).await.unwrap();
    assert!(b.terminated().await.failure().is_some());
    stage.end().await;
}

#[vela::test]
async fn one_that_has_ended_before_it_is_watched_is_told_of_at_once() {
    let journal = Journal::new();
    let (a, b) = (alone("a", &journal), alone("b", &journal));
    b.stop();
    b.terminated().await;
    journal.take();
    tell(&a, watch(&b)).await;
    let notes = journal.take();
    assert_eq!(notes.last().unwrap(), "a: b terminated [stopped]");
}

#[vela::test]
async fn all_who_watch_are_told_once() {
    let stage = Stage::new(Supervision::new(Strategy::OneForOne));
    let watchers = ["a", "b", "c"].map(|name| stage.add(child(name)));
    let watched = stage.add(child("w"));
    for watcher in &watchers {
        tell(watcher, watch(&watched)).await;
    }
    stage.notes();
    watched.stop();
    calm().await;
    let mut notes = stage.notes();
    notes.sort();
    let expected = ["a: s/w terminated", "b: s/w terminated", "c: s/w terminated", "w: dropped", "w: stopped"];
    assert_eq!(notes, expected);
    stage.end().await;
}

#[vela::test]
async fn a_watch_ends_with_the_run() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    tell(&a, watch(&b)).await;
    tell(&a, fail("x")).await;
    stage.notes();
    b.stop();
    b.terminated().await;
    calm().await;
    assert_eq!(stage.notes(), ["b: stopped", "b: dropped"]);
    stage.end().await;
}

/// A stage on which a failure ends a child, whose specification stays if it is kept.
fn parking() -> Stage {
    let decide = |failure: &vela::actor::Failure| match failure.kind() {
        FailureKind::Error(_) => Decision::Stop,
        _ => Decision::Restart,
    };
    Stage::new(Supervision::new(Strategy::OneForOne).on_failure(decide))
}

#[vela::test]
async fn who_is_linked_or_watches_hears_of_a_kept_one_when_it_is_decided_that_it_does_not_come_back() {
    let stage = parking();
    let (a, b, w) = (stage.keep(child("a")), stage.add(child("b")), stage.add(child("w")));
    stage.children().settled().await;
    tell(&b, link(&a)).await;
    tell(&w, watch(&a)).await;
    stage.notes();
    tell(&a, fail("x")).await;
    assert_eq!(stage.children().names(), ["a", "b", "w"]);
    let mut notes = stage.notes();
    notes.sort();
    let expected = ["a: dropped", "a: stopped", "b: dropped", "b: started", "b: stopped", "w: s/a terminated"];
    assert_eq!(notes, expected);
    assert!(a.exit().is_none(), "it may be started by hand");

    // Not again, when it is removed.
    stage.children().remove("a").await.unwrap();
    calm().await;
    assert!(stage.notes().is_empty());
    assert!(a.terminated().await.failure().is_some());
    stage.end().await;
}

#[vela::test]
async fn one_that_is_started_again_by_hand_has_not_ended_and_its_links_hold() {
    let stage = parking();
    let (a, b) = (stage.keep(child("a")), stage.add(child("b")));
    stage.children().settled().await;
    tell(&b, link(&a)).await;
    for runs in 1..=2 {
        tell(&a, fail("x")).await;
        assert_eq!(stage.children().list()[1].restarts, runs, "of b");
        stage.children().restart("a").await.unwrap();
        assert!(answers(&a).await);
    }
    // One that links itself to it now is not told of what was.
    tell(&b, link(&a)).await;
    assert_eq!(stage.children().list()[1].restarts, 2);
    stage.end().await;
}

/// Who stops it has ended it, as a shutdown does: it was to come back.
#[vela::test]
async fn one_that_is_stopped_while_it_waits_for_its_restart_concerns_no_links() {
    for way in 0..5 {
        let stage = Stage::new(Supervision::new(Strategy::OneForOne).backoff(secs(3600)..secs(3600)));
        let a = if way == 4 { stage.keep(child("a")) } else { stage.add(child("a")) };
        let b = stage.add(child("b").temporary());
        stage.children().settled().await;
        tell(&b, link(&a)).await;
        tell(&a, fail("x")).await;
        match way {
            0 => a.stop(),
            1 => a.stop_after_mail(),
            2 => stage.children().remove("a").await.unwrap(),
            _ => stage.children().stop("a").await.unwrap(),
        }
        calm().await;
        assert!(answers(&b).await, "{way}");
        assert_eq!(a.exit().map(|exit| exit.is_normal()), (way < 4).then_some(true), "{way}");
        stage.end().await;
    }
}

#[vela::test]
async fn a_kept_one_that_ends_normally_has_ended_for_who_watches_and_concerns_no_links() {
    let (stage, [w, b]) = Stage::with(Strategy::OneForOne, ["w", "b"]).await;
    let a = stage.keep(child("a").transient());
    stage.children().settled().await;
    tell(&b, link(&a)).await;
    tell(&w, watch(&a)).await;
    stage.notes();
    tell(&a, leave()).await;
    let mut notes = stage.notes();
    notes.sort();
    assert_eq!(notes, ["a: dropped", "a: stopped", "w: s/a terminated"]);
    assert!(answers(&b).await);
    stage.end().await;
}
