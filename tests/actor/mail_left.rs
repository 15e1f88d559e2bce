//! Mail that is there when its actor is told to stop.

use vela::actor::events::EventKind;
use vela::actor::{Address, AskError, Shutdown, Spawn, Strategy, Supervision, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Hook, Journal, Probe, ProbeMsg, deed, fail};
use crate::stage::{Stage, answers, calm, maker, plain, tell};

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

/// What costs one message elsewhere costs one here.
#[vela::test]
async fn one_that_fails_while_it_drains_goes_on_behind_the_message_that_it_failed_of() {
    for how in 0..4 {
        let stage = Stage::new(ONE);
        let spec = child("a").max_restarts(0).shutdown(ms(100));
        let a = stage.add(if how == 3 { spec } else { spec.drain() });
        a.send(slow("0", ms(10))).await.unwrap();
        for text in ["1", "2", "3"] {
            a.send(fail("x")).await.unwrap();
            a.send(slow(text, ms(10))).await.unwrap();
        }
        calm().await;
        match how {
            0 => {}
            1 => stage.children().stop("a").await.unwrap(),
            2 => a.stop(),
            _ => a.stop_after_mail(),
        }
        if how > 0 {
            assert!(a.terminated().await.is_normal(), "{how}");
        }
        stage.end().await;
        let handled: Vec<_> = stage.notes().into_iter().filter(|note| note.ends_with(char::is_numeric)).collect();
        assert_eq!(handled, ["a: 0", "a: 1", "a: 2", "a: 3"], "{how}");
        assert_eq!(a.mailbox_dropped(), 0, "{how}");
    }
}

#[vela::test]
async fn the_time_to_stop_is_not_longer_for_one_that_fails_while_it_drains() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain().shutdown(ms(25)));
    for _ in 0..3 {
        a.send(slow("1", ms(10))).await.unwrap();
        a.send(fail("x")).await.unwrap();
    }
    let start = Instant::now();
    stage.end().await;
    assert_eq!(start.elapsed(), ms(25));
    assert_eq!(a.mailbox_dropped(), 1, "one was being handled");
}

#[vela::test]
async fn a_kill_cuts_a_drain_short() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain());
    fill(&a).await;
    calm().await;
    let kills = a.clone();
    let killer = vela::task::spawn(async move {
        calm().await;
        kills.kill();
    });
    stage.end().await;
    killer.await.unwrap();
    assert_eq!(a.mailbox_dropped(), 2);
}

/// It would never come to its mail.
#[vela::test]
async fn a_start_that_fails_cuts_a_drain_short() {
    let stage = Stage::new(ONE);
    let broken = |run, probe: &mut Probe| {
        if run > 1 {
            probe.in_started = Hook::Err;
        }
    };
    let a = stage.add_with(child("a").drain(), broken);
    a.send(slow("1", ms(10))).await.unwrap();
    a.send(fail("x")).await.unwrap();
    a.send("2").await.unwrap();
    calm().await;
    stage.end().await;
    assert_eq!(
        stage.notes(),
        ["a: started", "a: 1", "a: stopped", "a: dropped", "a: started", "a: stopped", "a: dropped"]
    );
    assert_eq!(a.mailbox_dropped(), 1);
}

#[vela::test]
async fn a_temporary_one_does_not_come_back_for_its_mail() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").temporary().drain());
    a.send(slow("1", ms(10))).await.unwrap();
    a.send(fail("x")).await.unwrap();
    a.send("2").await.unwrap();
    calm().await;
    stage.end().await;
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 1);
}

/// The failure comes before it is asked to stop, and would have kept the mail a moment before.
#[vela::test]
async fn one_that_fails_before_its_turn_in_a_shutdown_handles_its_mail() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").drain());
    stage.add_with(child("b"), |_, probe| probe.in_stopped = Hook::Slow(ms(50)));
    a.send(slow("1", ms(10))).await.unwrap();
    a.send(fail("x")).await.unwrap();
    a.send(slow("2", ms(10))).await.unwrap();
    calm().await;
    stage.end().await;
    let handled: Vec<_> = stage.notes().into_iter().filter(|note| note.ends_with(char::is_numeric)).collect();
    assert_eq!(handled, ["a: 1", "a: 2"]);
    assert_eq!(a.mailbox_dropped(), 0);
}

#[vela::test]
async fn one_that_waits_for_its_restart_is_started_for_its_mail() {
    for how in 0..4 {
        let stage = Stage::new(Supervision::new(ONE).backoff(secs(9)..secs(9)));
        let spec = child("a").drain();
        let a = if how == 3 { stage.keep(spec) } else { stage.add(spec) };
        a.send(fail("x")).await.unwrap();
        a.send("1").await.unwrap();
        calm().await;
        match how {
            0 => {}
            1 => a.stop_after_mail(),
            2 => stage.children().remove("a").await.unwrap(),
            _ => stage.children().stop("a").await.unwrap(),
        }
        calm().await;
        if how == 3 {
            assert!(a.exit().is_none(), "it may be started again");
        }
        stage.end().await;
        let notes = stage.notes();
        let after = ["a: started", "a: 1", "a: stopped", "a: dropped"];
        assert_eq!(notes, [["a: started", "a: stopped", "a: dropped"].as_slice(), &after].concat(), "{how}");
        assert_eq!(a.mailbox_dropped(), 0, "{how}");
    }
}

#[vela::test]
async fn one_that_waits_for_its_restart_is_not_started_for_nothing() {
    let stage = Stage::new(Supervision::new(ONE).backoff(secs(9)..secs(9)));
    let a = stage.add(child("a").drain());
    tell(&a, fail("x")).await;
    stage.end().await;
    assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped"]);
    assert!(a.exit().is_some_and(|exit| exit.is_normal()));
}

/// A sibling's failure stops it for a restart, which keeps its mail.
#[vela::test]
async fn one_that_is_being_stopped_with_its_group_stops_after_its_mail() {
    for drain in [true, false] {
        let stage = Stage::new(Strategy::OneForAll);
        let spec = child("b");
        let (a, b) = (stage.add(child("a")), stage.add(if drain { spec.drain() } else { spec }));
        stage.children().settled().await;
        b.send(slow("1", ms(50))).await.unwrap();
        b.send("2").await.unwrap();
        calm().await;
        tell(&a, fail("x")).await;
        if drain {
            b.stop()
        } else {
            b.stop_after_mail()
        }
        assert!(b.terminated().await.is_normal());
        assert_eq!(b.mailbox_dropped(), 0);
        assert!(answers(&a).await);
        stage.end().await;
    }
}

#[vela::test]
async fn a_temporary_one_that_is_stopped_with_its_group_handles_its_mail() {
    let stage = Stage::new(Strategy::OneForAll);
    let (a, b) = (stage.add(child("a")), stage.add(child("b").temporary().drain()));
    stage.children().settled().await;
    fill(&b).await;
    tell(&a, fail("x")).await;
    assert!(b.terminated().await.is_normal());
    assert_eq!(b.mailbox_dropped(), 0);
    assert!(answers(&a).await);
    stage.end().await;
}

/// It stays open, for it may be started again.
#[vela::test]
async fn a_kept_one_that_drains_handles_its_mail_when_it_is_stopped_by_its_name() {
    let stage = Stage::new(ONE);
    let a = stage.keep(child("a").drain());
    fill(&a).await;
    stage.children().stop("a").await.unwrap();
    assert_eq!(stage.notes(), ["a: started", "a: 1", "a: 2", "a: 3", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 0);
    a.send("4").await.unwrap();
    stage.children().restart("a").await.unwrap();
    assert!(answers(&a).await);
    assert_eq!(stage.notes(), ["a: started", "a: 4"]);
    stage.end().await;
}

#[vela::test]
async fn a_stop_cuts_a_stop_after_mail_short() {
    for way in 0..3 {
        let stage = Stage::new(ONE);
        let a = stage.add(child("a"));
        fill(&a).await;
        calm().await;
        a.stop_after_mail();
        calm().await;
        match way {
            0 => a.stop(),
            1 => stage.children().stop("a").await.unwrap(),
            _ => stage.children().remove("a").await.unwrap(),
        }
        assert!(a.terminated().await.is_normal());
        assert_eq!(a.mailbox_dropped(), 2, "{way}");
        stage.end().await;
    }
}

#[vela::test]
async fn an_actor_that_leaves_after_its_mail_loses_none() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").transient());
    a.send(slow("0", ms(10))).await.unwrap();
    a.send(deed(|_, cx| {
        cx.stop_after_mail();
        Box::pin(async { Ok(()) })
    }))
    .await
    .unwrap();
    a.send("1").await.unwrap();
    assert!(a.terminated().await.is_normal());
    assert_eq!(stage.notes(), ["a: started", "a: 0", "a: 1", "a: stopped", "a: dropped"]);
    assert_eq!(a.mailbox_dropped(), 0);
    stage.end().await;
}
