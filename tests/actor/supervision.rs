//! Restarts, orders, budgets, escalation: the nursery with real actors.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Wake;

use vela::actor::{Address, Exit, Strategy, Supervision, Supervisor, System, child};
use vela::prelude::*;

use crate::probe::{Echo, Hook, Journal, Probe, deed, fail, hang, panic};

fn system(supervision: impl Into<Supervision>) -> System {
    System::with("s", supervision).unwrap()
}

fn spawn(system: &System, spec: vela::actor::ChildSpec, name: &'static str, journal: &Journal) -> Address<Probe> {
    let journal = journal.clone();
    system.spawn(spec, move || Probe::new(name, &journal)).unwrap()
}

#[vela::test]
async fn a_failed_child_is_restarted_and_its_address_stays_good() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    let a = spawn(&system, child("a"), "a", &journal);
    a.send("one").await.unwrap();
    a.send(fail("x")).await.unwrap();
    a.send("two").await.unwrap();
    assert_eq!(a.ask(Echo(3)).await.unwrap(), 3);
    assert_eq!(
        journal.take(),
        [
            "a: started",
            "a: one",
            "a: stopped [s/a failed while running: x]",
            "a: dropped",
            "a: restarting after [s/a failed while running: x]",
            "a: started",
            "a: two"
        ]
    );
    assert_eq!(system.children().list()[0].restarts, 1);
    system.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["a: stopped [stopped]", "a: dropped"]);
    assert!(a.terminated().await.is_normal());
}

#[vela::test]
async fn shutdown_stops_in_exact_reverse_order_one_after_the_other() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    for name in ["a", "b", "c"] {
        spawn(&system, child(name), name, &journal);
    }
    system.children().settled().await;
    journal.take();
    system.shutdown().await.unwrap();
    assert_eq!(
        journal.take(),
        [
            "c: stopped [stopped]",
            "c: dropped",
            "b: stopped [stopped]",
            "b: dropped",
            "a: stopped [stopped]",
            "a: dropped"
        ]
    );
}

#[vela::test]
async fn one_for_all_stops_all_in_reverse_order_before_any_starts() {
    let journal = Journal::new();
    let system = system(Strategy::OneForAll);
    let all: Vec<_> = ["a", "b", "c"].map(|name| spawn(&system, child(name), name, &journal)).into();
    system.children().settled().await;
    journal.take();
    all[1].send(fail("x")).await.unwrap();
    all[1].ask(Echo(1)).await.unwrap();
    all[2].ask(Echo(1)).await.unwrap();
    let notes: Vec<_> = journal.take().into_iter().filter(|n| !n.contains("restarting")).collect();
    assert_eq!(
        notes,
        [
            "b: stopped [s/b failed while running: x]",
            "b: dropped",
            "c: stopped [stopped]",
            "c: dropped",
            "a: stopped [stopped]",
            "a: dropped",
            "a: started",
            "b: started",
            "c: started"
        ]
    );
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn rest_for_one_leaves_those_before_alone() {
    let journal = Journal::new();
    let system = system(Strategy::RestForOne);
    let all: Vec<_> = ["a", "b", "c"].map(|name| spawn(&system, child(name), name, &journal)).into();
    system.children().settled().await;
    journal.take();
    all[1].send(panic("x")).await.unwrap();
    all[2].ask(Echo(1)).await.ok();
    all[1].ask(Echo(1)).await.unwrap();
    all[2].ask(Echo(1)).await.unwrap();
    let notes: Vec<_> = journal.take().into_iter().filter(|n| !n.contains("restarting")).collect();
    assert_eq!(
        notes,
        [
            "b: stopped [s/b panicked while running: x]",
            "b: dropped",
            "c: stopped [stopped]",
            "c: dropped",
            "b: started",
            "c: started"
        ]
    );
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_hung_child_is_killed_after_its_time_and_holds_up_nobody_longer() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    spawn(&system, child("a"), "a", &journal);
    system.children().settled().await;
    let b = spawn(&system, child("b").shutdown(ms(100)), "b", &journal);
    b.send(hang()).await.unwrap();
    system.children().settled().await;
    sleep(ms(1)).await;
    let before = vela::time::Instant::now();
    system.shutdown().await.unwrap();
    assert_eq!(before.elapsed().as_millis(), 100);
    assert!(matches!(b.exit(), Some(Exit::Killed)));
    assert_eq!(journal.take(), ["a: started", "b: started", "b: dropped", "a: stopped [stopped]", "a: dropped"]);
}

#[vela::test]
async fn a_budget_that_is_exceeded_fails_upward_with_the_chain() {
    let journal = Journal::new();
    let system = system(Supervision::new(Strategy::OneForOne).max_restarts(1));
    let a = spawn(&system, child("a"), "a", &journal);
    let b = spawn(&system, child("b"), "b", &journal);
    a.send(fail("1")).await.unwrap();
    a.send(fail("2")).await.unwrap();
    let failure = system.terminated().await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "s gave up: more than 1 restarts within 5s, the last because of `a`: s/a failed while running: 2"
    );
    assert!(b.terminated().await.is_normal());
    assert!(a.terminated().await.failure().is_some());
    assert!(matches!(
        system.spawn(child("c"), || Probe::new("c", &Journal::new())),
        Err(vela::actor::SpawnError::Closed(_))
    ));
}

#[vela::test]
async fn an_escalation_fails_the_actor_above_which_restarts_with_new_children() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    let parent = spawn(&system, child("parent"), "parent", &journal);
    let inner = journal.clone();
    parent
        .send(deed(move |_, cx| {
            Box::pin(async move {
                cx.supervise(Supervision::new(Strategy::OneForOne).max_restarts(0)).unwrap();
                let kid = cx.spawn(child("kid"), move || Probe::new("kid", &inner)).unwrap();
                kid.send(fail("x")).await.unwrap();
                std::future::pending().await
            })
        }))
        .await
        .unwrap();
    parent.ask(Echo(1)).await.unwrap();
    let notes = journal.take();
    assert_eq!(
        notes[..6],
        [
            "parent: started",
            "kid: started",
            "kid: stopped [s/parent/kid failed while running: x]",
            "kid: dropped",
            "parent: stopped [s/parent gave up: more than 0 restarts within 5s, the last because of `kid`: s/parent/kid failed while running: x]",
            "parent: dropped",
        ]
    );
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn killing_a_parent_kills_its_children_before_it_is_gone() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    let parent = spawn(&system, child("parent").temporary(), "parent", &journal);
    let inner = journal.clone();
    parent
        .send(deed(move |_, cx| {
            Box::pin(async move {
                for name in ["k1", "k2"] {
                    let inner = inner.clone();
                    cx.spawn(child(name), move || Probe::new(name, &inner)).unwrap();
                }
                cx.children().settled().await;
                Ok(())
            })
        }))
        .await
        .unwrap();
    parent.ask(Echo(0)).await.unwrap();
    parent.kill();
    assert!(matches!(parent.terminated().await, Exit::Killed));
    let notes = journal.take();
    for name in ["parent: dropped", "k1: dropped", "k2: dropped"] {
        assert!(notes.iter().any(|note| note == name), "{notes:?}");
    }
    assert!(!notes.iter().any(|note| note.contains("stopped")), "{notes:?}");
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_supervisor_as_a_value_starts_its_tree_in_order() {
    let journal = Journal::new();
    let of = |name: &'static str| {
        let journal = journal.clone();
        move || Probe::new(name, &journal)
    };
    let inner = Supervisor::new(Strategy::OneForAll).child(child("x"), of("x")).child(child("y"), of("y"));
    let tree = Supervisor::new(Strategy::RestForOne)
        .child(child("a"), of("a"))
        .supervisor(child("inner"), inner)
        .child(child("b"), of("b"));
    let system = system(Strategy::OneForOne);
    let tree = system.children().supervisor(child("tree"), tree).unwrap();
    let children = tree.children().await.unwrap();
    assert_eq!(children.names(), ["a", "inner", "b"]);
    assert_eq!(journal.take(), ["a: started", "x: started", "y: started", "b: started"]);
    system.shutdown().await.unwrap();
    let dropped: Vec<_> = journal.take().into_iter().filter(|note| note.contains("dropped")).collect();
    assert_eq!(dropped, ["b: dropped", "y: dropped", "x: dropped", "a: dropped"]);
}

#[vela::test]
async fn a_child_that_does_not_start_in_time_is_a_failure() {
    let journal = Journal::new();
    let system = system(Supervision::new(Strategy::OneForOne).max_restarts(0));
    let inner = journal.clone();
    let slow = system
        .spawn(child("slow").start_timeout(ms(50)), move || {
            let mut probe = Probe::new("slow", &inner);
            probe.in_started = Hook::Hang;
            probe
        })
        .unwrap();
    let failure = system.terminated().await.unwrap_err();
    assert!(failure.to_string().ends_with("s/slow did not start in time"), "{failure}");
    assert!(slow.terminated().await.failure().is_some());
}

#[vela::test]
async fn backoff_waits_and_doubles() {
    let journal = Journal::new();
    let system = system(Supervision::new(Strategy::OneForOne).max_restarts(10).backoff(ms(100)..secs(1)));
    let a = spawn(&system, child("a"), "a", &journal);
    let start = vela::time::Instant::now();
    for _ in 0..3 {
        a.send(fail("x")).await.unwrap();
    }
    a.ask(Echo(0)).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 700);
    system.shutdown().await.unwrap();
}

/// A waker that looks whether the child has ended when it is called, which may be on any thread.
struct Look(Address<Probe>, Mutex<Option<bool>>);

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().get_or_insert(self.0.exit().is_some() && !self.0.is_alive());
    }
}

#[vela::test]
async fn who_is_answered_sees_that_the_child_has_ended() {
    for call in ["stop", "remove"] {
        let system = system(Strategy::OneForOne);
        let child = spawn(&system, child("a"), "a", &Journal::new());
        let children = system.children();
        children.settled().await;
        let look = Arc::new(Look(child.clone(), Mutex::default()));
        let mut answered = pin!(async {
            match call {
                "stop" => children.stop("a").await,
                _ => children.remove("a").await,
            }
        });
        let waker = look.clone().into();
        assert!(answered.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        child.terminated().await;
        answered.await.unwrap();
        assert_eq!(*look.1.lock().unwrap(), Some(true), "{call}");
        system.shutdown().await.unwrap();
    }
}

#[vela::test]
async fn a_child_is_stopped_restarted_and_removed_by_name() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    let children = system.children();
    let inner = journal.clone();
    let a = children.spawn_kept(child("a").transient(), move || Probe::new("a", &inner)).unwrap();
    children.restart("a").await.unwrap();
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    children.stop("a").await.unwrap();
    children.restart("a").await.unwrap();
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    children.remove("a").await.unwrap();
    assert!(!a.is_alive());
    assert!(children.restart("a").await.is_err());
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn dropping_the_system_stops_its_actors() {
    let journal = Journal::new();
    let system = system(Strategy::OneForOne);
    let a = spawn(&system, child("a"), "a", &journal);
    drop(system);
    assert!(a.terminated().await.is_normal());
}
