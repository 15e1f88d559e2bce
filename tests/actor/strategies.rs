//! Whom a failure concerns, and in which order: strategies, nested supervisors, restarts that fail.

use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use vela::actor::{Strategy, Supervision, Supervisor, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Hook, deed, fail, hang, leave, panic};
use crate::stage::{Stage, answers, calm, maker, plain, tell, who};

const ALL: Strategy = Strategy::OneForAll;
const REST: Strategy = Strategy::RestForOne;

#[vela::test]
async fn one_for_one_leaves_siblings_alone() {
    let (stage, [_a, b, _c]) = Stage::with(Strategy::OneForOne, ["a", "b", "c"]).await;
    tell(&b, panic("x")).await;
    assert_eq!(stage.notes(), ["b: stopped", "b: dropped", "b: started"]);
    stage.end().await;
}

// kameo: the children of a group are stopped and started in random order, as a hash map has them.
#[vela::test]
async fn a_group_restarts_in_the_same_exact_order_each_time() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (stage, all) = Stage::with(Supervision::new(ALL).max_restarts(100), names).await;
    for failed in [3, 0, 7] {
        tell(&all[failed], fail("x")).await;
        let notes = stage.notes();
        let mut down: Vec<&str> = names.iter().copied().filter(|name| *name != names[failed]).rev().collect();
        down.insert(0, names[failed]);
        assert_eq!(who(&notes, "dropped"), down);
        assert_eq!(who(&notes, "started"), names);
        assert!(notes[..16].iter().all(|note| !note.contains("started")), "{notes:?}");
    }
    stage.end().await;
}

// joerl: one-for-all starts new ones beside the old ones.
#[vela::test]
async fn at_no_time_are_there_two_runs_of_a_child() {
    let stage = Stage::new(Supervision::new(ALL).max_restarts(100));
    let alive = Arc::new(AtomicI32::new(0));
    let most = Arc::clone(&alive);
    let journal = stage.journal.clone();
    let all = ["a", "b", "c"].map(|name| {
        let (most, journal) = (Arc::clone(&most), journal.clone());
        stage.add_with(child(name), move |_, probe| {
            // One more than have been dropped.
            most.fetch_add(1, Relaxed);
            journal.note(format!("{}: made", probe.name));
            probe.in_stopped = Hook::Slow(ms(5));
        })
    });
    stage.children().settled().await;
    for failed in [0, 2, 1, 1] {
        tell(&all[failed], fail("x")).await;
        sleep(ms(50)).await;
    }
    stage.end().await;
    let mut up = std::collections::BTreeMap::<String, i32>::new();
    for note in stage.notes() {
        let (name, what) = note.split_once(": ").unwrap();
        let up = up.entry(name.to_owned()).or_default();
        match what {
            "made" => *up += 1,
            "dropped" => *up -= 1,
            _ => {}
        }
        assert!((0..=1).contains(up), "{note}");
    }
    assert_eq!(alive.load(Relaxed), 15);
}

// kameo: temporary siblings are restarted with the group.
#[vela::test]
async fn temporary_siblings_are_stopped_and_not_started_again() {
    for strategy in [ALL, REST] {
        let stage = Stage::new(strategy);
        let a = stage.add(child("a"));
        let t = stage.add(child("t").temporary());
        stage.add(child("c"));
        stage.children().settled().await;
        stage.notes();
        tell(&a, fail("x")).await;
        let notes = stage.notes();
        assert_eq!(who(&notes, "dropped"), ["a", "c", "t"]);
        assert_eq!(who(&notes, "started"), ["a", "c"]);
        assert!(t.terminated().await.is_normal());
        stage.end().await;
    }
}

// kameo: a supervisor is stuck for ever in a group restart after a transient sibling ended normally.
#[vela::test]
async fn a_transient_sibling_that_has_ended_holds_nothing_up() {
    for strategy in [ALL, REST] {
        for kept in [true, false] {
            let stage = Stage::new(strategy);
            let a = stage.add(child("a"));
            let spec = child("t").transient();
            let t = if kept { stage.keep(spec) } else { stage.add(spec) };
            stage.add(child("c"));
            stage.children().settled().await;
            tell(&t, leave()).await;
            stage.notes();
            tell(&a, fail("x")).await;
            assert!(answers(&a).await);
            assert_eq!(who(&stage.notes(), "started"), ["a", "c"]);
            stage.end().await;
        }
    }
}

// kameo: a child that hangs holds up the stop of its siblings.
#[vela::test]
async fn a_hung_sibling_is_killed_after_its_time_and_the_group_goes_on() {
    let stage = Stage::new(ALL);
    let a = stage.add(child("a"));
    let hung = stage.add(child("hung").shutdown(ms(200)));
    stage.add(child("c"));
    stage.children().settled().await;
    tell(&hung, hang()).await;
    stage.notes();
    let start = Instant::now();
    a.send(fail("x")).await.unwrap();
    assert!(answers(&hung).await);
    assert_eq!(start.elapsed(), ms(200));
    let expected =
        ["a: stopped", "a: dropped", "c: stopped", "c: dropped", "hung: dropped", "a: started", "hung: started"];
    assert_eq!(stage.notes()[..7], expected);
    stage.end().await;
}

#[vela::test]
async fn a_start_that_fails_within_a_group_restarts_the_group_and_is_counted() {
    let stage = Stage::new(Supervision::new(ALL).max_restarts(3));
    let a = stage.add(child("a"));
    stage.add_with(child("b"), |run, probe| {
        if (2..=3).contains(&run) {
            probe.in_started = Hook::Err;
        }
    });
    let c = stage.add(child("c"));
    stage.children().settled().await;
    stage.notes();
    tell(&a, fail("x")).await;
    assert!(answers(&c).await);
    let notes = stage.notes();
    assert_eq!(who(&notes, "started"), ["a", "b", "a", "b", "a", "b", "c"]);
    assert_eq!(who(&notes, "dropped"), ["a", "c", "b", "b", "a", "b", "a"]);
    // That were three.
    tell(&c, fail("y")).await;
    assert!(stage.system.terminated().await.is_err());
}

#[vela::test]
async fn under_rest_for_one_a_start_that_fails_leaves_those_before_alone() {
    let stage = Stage::new(REST);
    let a = stage.add(child("a"));
    stage.add_with(child("b"), |run, probe| {
        if run == 1 {
            probe.in_started = Hook::Panic;
        }
    });
    let c = stage.add(child("c"));
    assert!(answers(&c).await && answers(&a).await);
    assert_eq!(who(&stage.notes(), "started"), ["a", "b", "b", "c"]);
    stage.end().await;
}

#[vela::test]
async fn those_that_fail_together_come_back_once() {
    let (stage, all) = Stage::with(Supervision::new(ALL).max_restarts(3), ["a", "b", "c"]).await;
    for actor in &all {
        actor.try_send(fail("x")).unwrap();
    }
    calm().await;
    for actor in &all {
        assert!(answers(actor).await);
    }
    let notes = stage.notes();
    // A start that is going on may be cut short by the failure of one that has come back with its mail.
    let started = who(&notes, "started");
    assert_eq!(started[started.len() - 3..], ["a", "b", "c"], "{notes:?}");
    assert_eq!(started.len(), who(&notes, "dropped").len(), "{notes:?}");
    let restarts: u64 = stage.children().list().iter().map(|child| child.restarts).sum();
    assert!(restarts == started.len() as u64 && restarts <= 9, "{notes:?}");
    stage.end().await;
}

#[vela::test]
async fn under_rest_for_one_an_earlier_failure_widens_the_group() {
    let stage = Stage::new(REST);
    let a = stage.add(child("a"));
    let b = stage.add(child("b"));
    stage.add_with(child("c"), |_, probe| probe.in_stopped = Hook::Slow(ms(100)));
    stage.children().settled().await;
    stage.notes();
    tell(&b, fail("x")).await;
    // While c takes its time.
    tell(&a, fail("y")).await;
    sleep(ms(200)).await;
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["b", "a", "c"]);
    assert_eq!(who(&notes, "started"), ["a", "b", "c"]);
    stage.end().await;
}

#[vela::test]
async fn a_failure_of_one_that_was_to_be_stopped_anyway_is_counted() {
    let stage = Stage::new(Supervision::new(ALL).max_restarts(1));
    stage.add(child("z"));
    let a = stage.add(child("a"));
    let b = stage.add(child("b"));
    stage.add_with(child("c"), |_, probe| probe.in_stopped = Hook::Slow(ms(100)));
    stage.children().settled().await;
    tell(&b, fail("x")).await;
    // While c takes its time.
    tell(&a, fail("y")).await;
    assert!(stage.system.terminated().await.is_err());
    assert_eq!(who(&stage.notes(), "dropped"), ["b", "a", "c", "z"]);
}

#[vela::test]
async fn the_first_and_the_last_under_rest_for_one() {
    let (stage, [a, _b, c]) = Stage::with(REST, ["a", "b", "c"]).await;
    tell(&c, fail("x")).await;
    assert_eq!(who(&stage.notes(), "started"), ["c"]);
    tell(&a, fail("x")).await;
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["a", "c", "b"]);
    assert_eq!(who(&notes, "started"), ["a", "b", "c"]);
    stage.end().await;
}

#[vela::test]
async fn a_supervisor_that_gives_up_is_restarted_as_a_whole() {
    let stage = Stage::new(Strategy::OneForOne);
    let inner = Supervisor::new(Supervision::new(ALL).max_restarts(0))
        .child(child("x"), plain("x", &stage.journal))
        .child(child("y"), plain("y", &stage.journal));
    let tree = stage.children().supervisor(child("inner"), inner).unwrap();
    let beside = stage.add(child("beside"));
    let children = tree.children().await.unwrap();
    calm().await;
    stage.notes();
    assert_eq!(children.names(), ["x", "y"]);
    // Nobody has the address of a child of a value: it is made to fail by its start.
    children
        .spawn(child("z").transient(), maker("z", &stage.journal, |_, probe| probe.in_started = Hook::Err))
        .unwrap();
    calm().await;
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["z", "y", "x"]);
    assert_eq!(who(&notes, "started"), ["z", "x", "y"]);
    assert_eq!(tree.children().await.unwrap().names(), ["x", "y"]);
    assert!(answers(&beside).await);
    stage.end().await;
}

#[vela::test]
async fn a_failure_that_no_level_can_answer_ends_the_system_with_the_whole_chain() {
    let strict = || Supervision::new(Strategy::OneForOne).max_restarts(0);
    let stage = Stage::new(strict());
    let leaf = maker("leaf", &stage.journal, |_, probe| probe.in_started = Hook::Err);
    let inner = Supervisor::new(strict()).child(child("leaf"), leaf);
    let outer = Supervisor::new(strict()).supervisor(child("inner"), inner);
    let outer = stage.children().supervisor(child("outer"), outer).unwrap();
    let failure = stage.system.terminated().await.unwrap_err();
    assert_eq!(failure.root().path(), "s/outer/inner/leaf");
    let text = failure.to_string();
    for part in ["s gave up", "`outer`", "`inner`", "`leaf`", "in started"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(outer.terminated().await.failure().is_some());
    assert_eq!(stage.notes(), ["leaf: started", "leaf: stopped", "leaf: dropped"]);
}

#[vela::test]
async fn an_actor_fails_at_its_await_when_its_children_do() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a"));
    a.send(deed(|probe, cx| {
        Box::pin(async move {
            cx.supervise(Supervision::new(ALL).max_restarts(0)).unwrap();
            let journal = probe.journal.clone();
            let kids = ["k1", "k2"].map(|name| cx.spawn(child(name), plain(name, &journal)).unwrap());
            kids[1].ask(Echo(1)).await.unwrap();
            kids[0].send(fail("x")).await.unwrap();
            std::future::pending().await
        })
    }))
    .await
    .unwrap();
    assert!(answers(&a).await);
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["k1", "k2", "a"]);
    assert_eq!(who(&notes, "started"), ["a", "k1", "k2", "a"]);
    stage.end().await;
}

#[vela::test]
async fn a_group_of_supervisors_restarts_tree_by_tree() {
    let stage = Stage::new(ALL);
    let inner = |x: &str, y: &str| {
        Supervisor::new(Strategy::OneForOne)
            .child(child(x), plain(x, &stage.journal))
            .child(child(y), plain(y, &stage.journal))
    };
    stage.children().supervisor(child("l"), inner("a", "b")).unwrap();
    stage.children().supervisor(child("r"), inner("c", "d")).unwrap();
    let e = stage.add(child("e"));
    stage.children().settled().await;
    stage.notes();
    tell(&e, fail("x")).await;
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["e", "d", "c", "b", "a"]);
    assert_eq!(who(&notes, "started"), ["a", "b", "c", "d", "e"]);
    stage.end().await;
}
