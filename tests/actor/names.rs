//! Names: who has them, who finds them, and who is started because nobody has one.

use vela::actor::registry::{LookupError, RegisterError};
use vela::actor::{Address, child, spawn};

use crate::probe::{Echo, Fault, Journal, Probe, ProbeMsg, deed, fail};
use crate::stage::{Stage, answers, tell};

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
