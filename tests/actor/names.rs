//! Names: who has them, who finds them, and who is started because nobody has one.

use vela::actor::registry::{LookupError, RegisterError};
use vela::actor::{ActorContext, ActorState, Address, Children, SpawnError, Supervision, child, spawn};
use vela::prelude::*;

use crate::probe::{Echo, Fault, Hook, Journal, Probe, ProbeMsg, deed, fail, hang, leave};
use crate::stage::{Stage, answers, calm, plain, tell, who};

const ONE: vela::actor::Strategy = vela::actor::Strategy::OneForOne;

/// A message at which the probe registers itself, and notes what comes of it.
fn register(name: &'static str) -> ProbeMsg {
    deed(move |probe, cx| {
        let registered = cx.register(name);
        Box::pin(async move {
            match registered {
                Ok(()) => probe.note(format_args!("is {name}")),
                Err(error) => probe.note(error),
            }
            Ok(())
        })
    })
}

/// A message at which it gives a name up.
fn give_up(name: &'static str) -> ProbeMsg {
    deed(move |_, cx| {
        let had = cx.unregister(name);
        Box::pin(async move { if had { Ok(()) } else { Err(Fault("not its name")) } })
    })
}

#[vela::test]
async fn one_registers_itself_keeps_the_name_over_restarts_and_gives_it_up() {
    let (stage, [a, b]) = Stage::with(ONE, ["a", "b"]).await;
    let names = stage.system.registry();
    tell(&a, register("it")).await;
    tell(&b, register("it")).await;
    tell(&a, fail("x")).await;
    assert!(names.lookup::<Address<Probe>>("it").unwrap() == a);
    tell(&a, register("it")).await;
    assert!(answers(&names.lookup::<Address<Probe>>("it").unwrap()).await);
    tell(&a, give_up("it")).await;
    assert!(matches!(names.lookup::<Address<Probe>>("it"), Err(LookupError::Unknown { .. })));
    tell(&b, register("it")).await;
    assert!(names.lookup::<Address<Probe>>("it").unwrap() == b);
    let taken = "b: the name `it` is taken by `s/a`: choose another one, or have that one give it up first";
    let said = stage.journal.take();
    let said: Vec<_> = said.iter().filter(|note| note.contains("it") && !note.contains("failed")).collect();
    assert_eq!(said, ["a: is it", taken, "a: is it", "b: is it"]);
    stage.end().await;
    assert!(names.names().is_empty());
}

#[vela::test]
async fn one_without_a_system_is_told_that_it_has_no_registry() {
    let journal = Journal::new();
    let p = spawn(Probe::new("p", &journal));
    p.send(register("it")).await.unwrap();
    p.ask(Echo(1)).await.unwrap();
    let said = journal.take();
    assert!(said[1].starts_with("p: `Probe` belongs to no system whose registry could keep the name `it`"), "{said:?}");
}

#[vela::test]
async fn a_name_that_is_registered_after_the_end_does_not_stay() {
    let stage = Stage::new(ONE);
    let names = stage.system.registry();
    let a = stage.add(child("a"));
    a.stop();
    a.terminated().await;
    let ended = names.register("late", a.clone(), &a).unwrap_err();
    assert!(matches!(&ended, RegisterError::Ended { actor, .. } if &**actor == "s/a"), "{ended}");
    assert!(names.names().is_empty());
    stage.end().await;
}

#[vela::test]
async fn a_name_that_is_registered_while_its_actor_ends_does_not_stay() {
    let stage = Stage::new(ONE);
    let names = stage.system.registry();
    let a = stage.add(child("a"));
    let registers = {
        let (names, a) = (names.clone(), a.clone());
        vela::task::spawn(async move { names.register("late", a.clone(), &a) })
    };
    a.stop();
    a.terminated().await;
    let registered = registers.await.unwrap();
    assert!(names.names().is_empty(), "{registered:?}");
    stage.end().await;
}

#[vela::test]
async fn a_name_in_a_registry_of_ones_own_ends_with_its_actor() {
    let names = vela::actor::registry::Registry::new();
    let p = spawn(Probe::new("p", &Journal::new()));
    names.register("it", p.downgrade(), &p).unwrap();
    p.stop();
    p.terminated().await;
    assert!(names.names().is_empty());
}

async fn wanted(children: &Children, name: &str, journal: &Journal) -> Address<Probe> {
    children.get_or_spawn(child(name).transient(), plain(name, journal)).await.unwrap()
}

#[vela::test]
async fn many_who_want_a_child_at_once_get_the_same_one() {
    let stage = Stage::new(ONE);
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (children, journal) = (stage.children(), stage.journal.clone());
            go! { wanted(&children, "a", &journal).await }
        })
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        all.push(caller.await.unwrap());
    }
    assert!(all.iter().all(|one| *one == all[0]));
    assert!(answers(&all[0]).await);
    assert_eq!(who(&stage.notes(), "started"), ["a"]);
    stage.end().await;
}

#[vela::test]
async fn one_that_was_told_to_stop_is_waited_for_and_then_there_is_a_new_one() {
    let stage = Stage::new(ONE);
    let old = stage.add_with(child("a"), |_, probe| probe.in_stopped = Hook::Slow(ms(100)));
    assert!(answers(&old).await);
    old.stop();
    let start = vela::time::Instant::now();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (children, journal) = (stage.children(), stage.journal.clone());
            go! { wanted(&children, "a", &journal).await }
        })
        .collect();
    let new = wanted(&stage.children(), "a", &stage.journal).await;
    assert_eq!(start.elapsed(), ms(100));
    assert!(new != old && !old.is_alive());
    for caller in callers {
        assert!(caller.await.unwrap() == new);
    }
    assert!(answers(&new).await);
    assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test]
async fn one_that_stops_itself_is_replaced_unless_it_comes_back() {
    let stage = Stage::new(ONE);
    let transient = wanted(&stage.children(), "t", &stage.journal).await;
    let permanent = stage.add(child("p"));
    for address in [&transient, &permanent] {
        let (leaves, left) = vela::channel::<()>(1);
        let goes = deed(move |_, cx: &mut ActorContext<Probe>| {
            cx.stop();
            Box::pin(async move {
                leaves.send(()).await.ok();
                // It handles this for a while yet.
                sleep(ms(5)).await;
                Ok(())
            })
        });
        address.send(goes).await.unwrap();
        left.recv().await;
    }
    assert!(wanted(&stage.children(), "t", &stage.journal).await != transient);
    assert!(wanted(&stage.children(), "p", &stage.journal).await == permanent);
    assert!(answers(&permanent).await);
    stage.end().await;
}

#[vela::test]
async fn one_that_is_restarted_is_found_as_it_is() {
    let stage = Stage::new(Supervision::new(ONE).backoff(secs(3600)..secs(3600)));
    let a = stage.add(child("a"));
    tell(&a, fail("x")).await;
    assert_eq!(a.state(), ActorState::Backoff);
    assert!(wanted(&stage.children(), "a", &stage.journal).await == a);
    // A kept one that has ended: its specification stays.
    let b = stage.keep(child("b").transient());
    tell(&b, leave()).await;
    assert!(wanted(&stage.children(), "b", &stage.journal).await == b);
    assert_eq!(b.state(), ActorState::Stopped);
    stage.end().await;
}

#[vela::test]
async fn one_that_was_killed_is_not_found() {
    let stage = Stage::new(ONE);
    let (journal, children) = (Journal::new(), stage.children());
    let get = || children.get_or_spawn(child("a").temporary(), plain("a", &journal));
    let first = get().await.unwrap();
    calm().await;
    first.kill();
    let second = get().await.unwrap();
    assert!(second != first);
    assert!(answers(&second).await);
    stage.end().await;
}

struct Other;

impl vela::actor::Actor for Other {
    type Message = ();
    type Error = std::convert::Infallible;

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[vela::test]
async fn who_wants_another_type_or_contradicts_himself_is_told_so() {
    let (stage, [_a]) = Stage::with(ONE, ["a"]).await;
    let error = stage.children().get_or_spawn(child("a"), || Other).await.unwrap_err();
    assert!(matches!(&error, SpawnError::OtherType { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with("the child `a` of s is a `") && text.contains("probe::Probe`, and was asked for as a `"),
        "{text}"
    );
    let spec = child("a").significant();
    assert!(matches!(stage.children().get_or_spawn(spec, plain("a", &stage.journal)).await, Err(SpawnError::Spec(_))));
    stage.end().await;
    let closed = stage.children().get_or_spawn(child("a"), || Other).await;
    assert!(matches!(closed, Err(SpawnError::Closed(_))));
}

#[vela::test]
async fn who_waits_for_one_that_ends_with_its_supervisor_is_told_so() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a").shutdown(ms(50)), |_, probe| probe.in_stopped = Hook::Hang);
    a.send(hang()).await.unwrap();
    calm().await;
    a.stop();
    let (children, journal) = (stage.children(), stage.journal.clone());
    let wants = go! { children.get_or_spawn(child("a"), plain("a", &journal)).await };
    stage.end().await;
    assert!(matches!(wants.await.unwrap(), Err(SpawnError::Closed(path)) if &*path == "s"));
}

/// Whoever sends to the one he finds is heard, though it stops itself all the time.
#[vela::test]
async fn actors_that_are_started_on_demand_and_leave_when_they_are_idle_lose_nobody() {
    let stage = Stage::new(Supervision::new(ONE).max_restarts(0));
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (children, journal) = (stage.children(), stage.journal.clone());
            go! {
                for _ in 0..3 {
                    // An ask that comes too late gets an error, and the next one finds another.
                    while wanted(&children, "a", &journal).await.ask(Echo(1)).await.is_err() {}
                    wanted(&children, "a", &journal).await.send(leave()).await.ok();
                }
            }
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    stage.end().await;
}
