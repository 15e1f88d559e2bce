//! Panics in foreign code: in hooks, factories, drops, maps, texts, wakers. None gets further than its actor.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Wake, Waker};

use vela::actor::events::EventKind;
use vela::actor::{
    Actor, ActorContext, Address, Exit, Failure, Phase, Strategy, Supervision, Supervisor, System, child,
};
use vela::prelude::*;

use crate::probe::{Bomb, Echo, Fault, Hook, Probe, ProbeMsg, Unspeakable, fail, leave, panic, wild_deed};
use crate::stage::{Stage, answers, calm, tell, who};

const ONE: Strategy = Strategy::OneForOne;

/// The first run of `a` meets with `fault`, by which it has failed; the second one lives, as its sibling does.
async fn survives(change: impl Fn(&mut Probe) + Send + Sync + 'static, fault: Option<ProbeMsg>, phase: Option<Phase>) {
    let stage = Stage::new(Supervision::new(ONE).on_failure(move |failure| {
        assert!(phase.is_none_or(|phase| failure.is_panic() && failure.phase() == phase), "{failure}");
        vela::actor::Decision::Restart
    }));
    let b = stage.add(child("b"));
    let a: Address<Probe> = stage.add_with(child("a"), move |run, probe| {
        if run == 1 {
            change(probe);
        }
    });
    if let Some(fault) = fault {
        tell(&a, fault).await;
    }
    assert!(answers(&a).await);
    assert!(answers(&b).await);
    assert!(stage.children().list()[1].restarts >= 1);
    let notes = stage.notes();
    assert_eq!(who(&notes, "dropped"), ["a"], "{notes:?}");
    stage.end().await;
}

// actix: a panic of a handler takes the actor's thread, and all actors on it, along.
#[vela::test]
async fn in_a_handler() {
    survives(|_| (), Some(panic("x")), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_started() {
    survives(|probe| probe.in_started = Hook::Panic, None, Some(Phase::Starting)).await;
}

#[vela::test]
async fn in_stopped() {
    survives(|probe| probe.in_stopped = Hook::Panic, Some(leave()), Some(Phase::Stopping)).await;
}

#[vela::test]
async fn in_stopped_after_a_panic() {
    survives(|probe| probe.in_stopped = Hook::Panic, Some(panic("x")), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_the_drop_of_the_state() {
    survives(|probe| probe.in_drop = Hook::Panic, Some(leave()), Some(Phase::Stopping)).await;
}

#[vela::test]
async fn in_the_drop_of_the_state_of_one_that_is_killed() {
    survives(
        |probe| probe.in_drop = Hook::Panic,
        Some(wild_deed(|_, cx| {
            Box::pin(async move {
                cx.address().kill();
                std::future::pending().await
            })
        })),
        None,
    )
    .await;
}

#[vela::test]
async fn everywhere_at_once() {
    let change = |probe: &mut Probe| (probe.in_stopped, probe.in_drop) = (Hook::Panic, Hook::Panic);
    survives(change, Some(panic("x")), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_the_drop_of_a_message() {
    survives(|_| (), Some(crate::probe::bomb()), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_the_drop_of_what_a_handler_held_when_it_was_killed() {
    survives(
        |_| (),
        Some(wild_deed(|_, cx| {
            let bomb = Bomb;
            Box::pin(async move {
                cx.address().kill();
                vela::task::yield_now().await;
                drop(bomb);
                Ok(())
            })
        })),
        None,
    )
    .await;
}

#[vela::test]
async fn with_a_payload_whose_drop_panics() {
    let fault = wild_deed(|_, _| Box::pin(async { std::panic::panic_any(Bomb) }));
    survives(|_| (), Some(fault), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_a_factory_with_a_payload_whose_drop_panics() {
    let stage = Stage::new(ONE);
    let a = stage.system.spawn(child("a").temporary(), || -> Probe { std::panic::panic_any(Bomb) }).unwrap();
    let exit = a.terminated().await;
    assert_eq!(exit.failure().map(Failure::phase), Some(Phase::Starting), "{exit}");
    stage.end().await;
}

#[vela::test]
async fn in_the_factory_of_a_timers_message() {
    let fault = wild_deed(|_, cx| {
        Box::pin(async move {
            cx.every(ms(1), || -> &'static str { panic!("no message") });
            sleep(ms(2)).await;
            Ok(())
        })
    });
    survives(|_| (), Some(fault), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_the_map_of_a_source() {
    let (tx, rx) = vela::channel::<u32>(1);
    tx.try_send(1).unwrap();
    let fault = wild_deed(move |_, cx| {
        Box::pin(async move {
            cx.attach(rx, |_| -> &'static str { panic!("no message") });
            Ok(())
        })
    });
    survives(|_| (), Some(fault), Some(Phase::Running)).await;
}

#[vela::test]
async fn in_the_drop_of_a_timer_and_a_source() {
    let fault = wild_deed(move |_, cx| {
        Box::pin(async move {
            let (one, two) = (Bomb, Bomb);
            cx.every(secs(1), move || {
                let _one = &one;
                "tick"
            });
            let (_, rx) = vela::channel::<u32>(1);
            cx.attach(rx, move |_| {
                let _two = &two;
                "value"
            });
            Err(Fault("x"))
        })
    });
    survives(|_| (), Some(fault), None).await;
}

#[vela::test]
async fn in_restarting() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a"), |run, probe| {
        if run == 2 {
            probe.in_restarting = Hook::Panic;
        }
    });
    tell(&a, fail("x")).await;
    assert!(answers(&a).await);
    assert_eq!(stage.children().list()[0].restarts, 2);
    // The second run never got to its start, and so has no stop hook.
    assert_eq!(who(&stage.notes(), "started").len(), 2);
    stage.end().await;
}

#[vela::test]
async fn in_the_drop_of_the_factory() {
    let stage = Stage::new(ONE);
    let b = stage.add(child("b"));
    let bomb = Bomb;
    let journal = stage.journal.clone();
    let a = stage
        .system
        .spawn(child("a"), move || {
            let _bomb = &bomb;
            Probe::new("a", &journal)
        })
        .unwrap();
    assert!(answers(&a).await);
    let waiting = vela::task::spawn(a.terminated());
    calm().await;
    a.stop();
    assert!(waiting.await.unwrap().is_normal());
    assert!(answers(&b).await);
    stage.end().await;
}

#[vela::test]
async fn in_stopped_while_the_supervisor_ends() {
    let stage = Stage::new(ONE);
    let panics = |_, probe: &mut Probe| (probe.in_stopped, probe.in_drop) = (Hook::Panic, Hook::Panic);
    let all = ["a", "b"].map(|name| stage.add_with(child(name), panics));
    stage.children().settled().await;
    stage.end().await;
    assert!(all.iter().all(|actor| matches!(actor.exit(), Some(Exit::Failed(_)))));
    assert_eq!(who(&stage.notes(), "dropped"), ["b", "a"]);
}

struct Speechless;

impl Actor for Speechless {
    type Message = ();
    type Error = Unspeakable;

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Unspeakable> {
        Err(Unspeakable)
    }
}

/// It cannot say why it does not start.
struct Stillborn;

impl Actor for Stillborn {
    type Message = ();
    type Error = Unspeakable;

    async fn started(&mut self, _: &mut ActorContext<Self>) -> Result<(), Unspeakable> {
        Err(Unspeakable)
    }

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Unspeakable> {
        Ok(())
    }
}

#[vela::test]
async fn in_the_text_of_an_error_of_one_that_nobody_supervises() {
    let a = vela::actor::spawn(Speechless);
    a.send(()).await.unwrap();
    let exit = a.terminated().await;
    assert!(exit.to_string().contains("an error that cannot say what it is"), "{exit}");
}

#[vela::test]
async fn in_the_text_of_an_error_that_ends_a_system() {
    let system = System::with("s", Supervision::new(ONE).max_restarts(0)).unwrap();
    let a = system.spawn(child("a"), || Speechless).unwrap();
    a.send(()).await.unwrap();
    assert!(system.terminated().await.is_err());
    assert!(a.exit().is_some());
}

#[vela::test]
async fn in_the_text_of_an_error_that_is_told_as_an_event() {
    let system = System::new("s");
    let events = system.events();
    let a = system.spawn(child("a").temporary(), || Speechless).unwrap();
    a.send(()).await.unwrap();
    assert!(a.terminated().await.failure().is_some());
    // Below a supervisor that gives up because of it, too.
    let supervision = Supervision::new(ONE).max_restarts(0);
    let tree = Supervisor::new(supervision).child(child("b"), || Stillborn);
    let tree = system.children().supervisor(child("tree").temporary(), tree).unwrap();
    assert!(tree.terminated().await.failure().is_some());
    system.shutdown().await.unwrap();
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if matches!(event.kind, EventKind::Failed { .. } | EventKind::Escalated { .. }) {
            told.push((event.path.to_string(), event.kind.to_string()));
        }
    }
    let failed: Vec<_> = told.iter().map(|(path, _)| &**path).collect();
    assert_eq!(failed, ["s/a", "s/tree/b", "s/tree", "s/tree"], "{told:?}");
    assert!(told.iter().all(|(_, text)| text.contains("an error that cannot say what it is")), "{told:?}");
}

/// Its task is cancelled where it waits, or panics at one of its operations, as the simulation pleases: it was killed, or has
/// failed. Who waits for an answer hears of it, and the next one is given one.
#[vela::test(schedules = 300, faults = "cancel, panic")]
async fn an_actor_whose_task_is_ended_from_outside_comes_back() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a"));
    // One fault of each kind.
    let mut unanswered = 0;
    for _ in 0..5 {
        unanswered += usize::from(!answers(&a).await);
    }
    assert!(unanswered <= 2);
    assert!(stage.children().list()[0].restarts <= 2);
    stage.end().await;
}

/// A waker that panics once it is armed.
#[derive(Default)]
struct Shrill(AtomicBool);

impl Wake for Shrill {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.load(SeqCst), "the waker");
    }
}

/// Polls with such a waker until it waits (a simulation has steps of its own before that), and arms it then.
fn poll_shrilly<F: Future>(mut future: Pin<&mut F>) {
    let shrill = Arc::new(Shrill::default());
    let waker = Waker::from(Arc::clone(&shrill));
    for _ in 0..5 {
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    shrill.0.store(true, SeqCst);
}

#[vela::test]
async fn in_the_waker_of_an_asker() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let mut ask = pin!(a.ask(Echo(1)));
    poll_shrilly(ask.as_mut());
    calm().await;
    assert_eq!(stage.children().list()[0].restarts, 0);
    assert_eq!(ask.await.unwrap(), 1);
    stage.end().await;
}

#[vela::test]
async fn in_the_waker_of_one_of_many_who_wait_for_an_end() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let first = vela::task::spawn(a.terminated());
    calm().await;
    let mut broken = Box::pin(a.terminated());
    poll_shrilly(broken.as_mut());
    let last = vela::task::spawn(a.terminated());
    calm().await;
    a.stop();
    for waits in [first, last] {
        assert!(timeout(secs(1), waits).await.is_ok(), "it waits for ever");
    }
    assert!(broken.await.is_normal());
    stage.end().await;
}
