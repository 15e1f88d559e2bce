//! Mail that is there when its actor is told to stop.

use vela::actor::events::EventKind;
use vela::actor::{Address, AskError, Shutdown, Spawn, Strategy, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Hook, Journal, Probe, ProbeMsg, deed, fail};
use crate::stage::{Stage, calm, maker, plain};

const ONE: Strategy = Strategy::OneForOne;

/// A message that takes so long.
fn slow(text: &'static str, time: std::time::Duration) -> ProbeMsg {
    deed(move |probe, _| {
        Box::pin(async move {
            sleep(time).await;
            probe.note(text);
            Ok(())
        })
    })
}

/// Mail for a while.
async fn fill(to: &Address<Probe>) {
    for text in ["1", "2", "3"] {
        to.send(slow(text, ms(10))).await.unwrap();
    }
}

#[vela::test]
async fn what_a_stop_drops_is_counted_and_told() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let events = stage.system.events();
    fill(&a).await;
    calm().await;
    stage.end().await;
    assert_eq!(stage.notes(), ["a: 1", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 2);
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event.kind.to_string());
    }
    assert_eq!(told, ["stopped", "ended with 2 messages that it had not handled", "terminated"]);
}

#[vela::test]
async fn what_is_stashed_at_the_end_is_counted_too() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    a.send(deed(|_, cx| {
        Box::pin(async move {
            cx.stash("for later").unwrap();
            Ok(())
        })
    }))
    .await
    .unwrap();
    calm().await;
    stage.end().await;
    assert_eq!(a.mailbox_dropped(), 1);
}

#[vela::test]
async fn one_that_drains_handles_its_mail_before_a_shutdown() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain());
    fill(&a).await;
    calm().await;
    let refused = a.clone();
    let sends_late = vela::task::spawn(async move {
        sleep(ms(5)).await;
        // The message comes back.
        assert!(refused.send("late").await.is_err());
        let asked = refused.ask(Echo(1)).await.unwrap_err();
        assert!(matches!(asked, AskError::Closed { .. }), "{asked}");
        assert!(
            asked
                .to_string()
                .starts_with("`s/a` is about to end, and takes no more messages: the request was not sent")
        );
    });
    let events = stage.system.events();
    stage.end().await;
    sends_late.await.unwrap();
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: 2", "a: 3", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 0);
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event.kind, EventKind::MailDropped { .. }), "{event}");
    }
}

#[vela::test]
async fn a_drain_has_the_shutdown_time_and_what_that_cuts_off_is_counted() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain().shutdown(ms(15)));
    fill(&a).await;
    calm().await;
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), ms(15));
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 1, "one was being handled");
}

#[vela::test]
async fn each_stop_for_good_drains() {
    for how in 0..4 {
        let stage = Stage::new(ONE);
        let a = if how == 3 { stage.add(child("a")) } else { stage.add(child("a").drain()) };
        fill(&a).await;
        match how {
            0 => a.stop(),
            1 => stage.children().stop("a").await.unwrap(),
            2 => stage.children().remove("a").await.unwrap(),
            _ => a.stop_after_mail(),
        }
        assert!(a.terminated().await.is_normal());
        assert_eq!(stage.notes(), ["a: started", "a: 1", "a: 2", "a: 3", "a: stopped", "a: dropped"], "{how}");
        assert!(stage.children().is_empty(), "{how}");
        stage.end().await;
    }
}

#[vela::test]
async fn one_that_drains_is_not_restarted_by_a_later_call() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain());
    fill(&a).await;
    calm().await;
    let children = stage.children();
    let stops = vela::task::spawn(async move { children.stop("a").await });
    calm().await;
    assert!(stage.children().restart("a").await.is_err());
    stops.await.unwrap().unwrap();
    assert!(a.terminated().await.is_normal());
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: 2", "a: 3", "a: stopped", "a: dropped"]);
    stage.end().await;
}

#[vela::test]
async fn a_restart_drains_nothing_and_loses_nothing() {
    let stage = Stage::new(Strategy::OneForAll);
    let [a, b] = ["a", "b"].map(|name| stage.keep(child(name).drain()));
    fill(&b).await;
    stage.children().settled().await;
    a.send(fail("x")).await.unwrap();
    calm().await;
    stage.children().restart("b").await.unwrap();
    sleep(ms(100)).await;
    let notes = stage.notes();
    let handled: Vec<_> = notes.iter().filter(|note| ["b: 1", "b: 2", "b: 3"].contains(&note.as_str())).collect();
    // Those that were being handled when it stopped have been: a stop waits for them.
    assert_eq!(handled, ["b: 1", "b: 2", "b: 3"], "{notes:?}");
    assert_eq!((a.mailbox_dropped(), b.mailbox_dropped()), (0, 0));
    stage.end().await;
}

#[vela::test]
async fn those_that_are_kept_drain_in_a_shutdown_one_after_the_other() {
    let stage = Stage::new(Strategy::RestForOne);
    let [a, b] = ["a", "b"].map(|name| stage.keep(child(name).drain()));
    stage.children().settled().await;
    stage.journal.take();
    fill(&a).await;
    fill(&b).await;
    b.send(slow("4", ms(100))).await.unwrap();
    let late = a.clone();
    let sends_on = vela::task::spawn(async move {
        sleep(ms(60)).await;
        // It is not its turn yet.
        late.send(slow("5", ms(100))).await.unwrap();
    });
    stage.end().await;
    sends_on.await.unwrap();
    let notes = stage.notes();
    assert_eq!(notes[notes.len() - 5..], ["b: stopped", "b: dropped", "a: 5", "a: stopped", "a: dropped"]);
    assert_eq!((a.mailbox_dropped(), b.mailbox_dropped()), (0, 0));
}

#[vela::test]
async fn one_that_fails_while_it_drains_is_gone() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain());
    a.send(slow("1", ms(10))).await.unwrap();
    a.send(fail("x")).await.unwrap();
    a.send(slow("2", ms(10))).await.unwrap();
    stage.end().await;
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 1);
}

#[vela::test]
async fn one_that_has_not_started_yet_drains_then() {
    let stage = Stage::new(ONE);
    let a = stage.add_with(child("a").drain(), |_, probe| probe.in_started = Hook::Slow(ms(10)));
    fill(&a).await;
    stage.end().await;
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: 2", "a: 3", "a: stopped", "a: dropped"]);
}

#[vela::test]
async fn one_that_nobody_supervises_stops_after_its_mail() {
    let journal = Journal::new();
    let a = Spawn::new().name("a").start(maker("a", &journal, |_, _| ())());
    fill(&a).await;
    a.stop_after_mail();
    assert!(a.send("late").await.is_err());
    assert!(a.terminated().await.is_normal());
    let handled: Vec<_> =
        journal.take().into_iter().filter(|note| ["a: 1", "a: 2", "a: 3"].contains(&note.as_str())).collect();
    assert_eq!(handled, ["a: 1", "a: 2", "a: 3"]);
}

#[test]
fn one_that_is_killed_at_once_cannot_drain() {
    let spec = child("a").drain().shutdown(Shutdown::Kill);
    let stage =
        vela::block_on(async { Stage::new(ONE).children().spawn(spec, plain("a", &Journal::new())).unwrap_err() });
    assert!(stage.to_string().contains("handles no mail first: give it time"), "{stage}");
}
