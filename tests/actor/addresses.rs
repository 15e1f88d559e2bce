//! Addresses over restarts: of all kinds, for all that they are good for.

use std::collections::HashSet;

use vela::Overflow;
use vela::actor::{Actor, ActorContext, Address, Exit, Spawn, Strategy, Supervision, child, spawn};
use vela::prelude::*;

use crate::probe::{Echo, Journal, Probe, ProbeMsg, deed, fail, hang};
use crate::stage::{Stage, answers, calm, tell};

const ONE: Strategy = Strategy::OneForOne;

// ractor: an address that was taken before a restart leads nowhere.
#[vela::test]
async fn an_address_delivers_asks_and_stops_after_restarts() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let (id, path) = (a.id(), a.path().to_owned());
    let copy = a.clone();
    for _ in 0..3 {
        tell(&a, fail("x")).await;
        assert!(answers(&copy).await);
    }
    assert_eq!((copy.id(), copy.path()), (id, path.as_str()));
    copy.send("still here").await.unwrap();
    calm().await;
    assert_eq!(stage.notes().last().unwrap(), "a: still here");
    copy.stop();
    assert!(a.terminated().await.is_normal());
    assert!(!copy.is_alive());
    stage.end().await;
}

#[vela::test]
async fn a_kill_after_a_restart_hits_the_new_run() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(&a, fail("x")).await;
    tell(&a, hang()).await;
    a.kill();
    assert!(answers(&a).await);
    assert_eq!(stage.children().list()[0].restarts, 2);
    stage.end().await;
}

#[vela::test]
async fn terminated_waits_for_the_last_end() {
    let (stage, [a]) = Stage::with(Supervision::new(ONE).backoff(secs(1)..secs(1)), ["a"]).await;
    let waiting: Vec<_> = (0..3).map(|_| vela::task::spawn(a.terminated())).collect();
    tell(&a, fail("first")).await;
    sleep(secs(2)).await;
    assert!(waiting.iter().all(|waiter| !waiter.is_finished()));
    assert!(a.exit().is_none() && a.is_alive());
    a.stop();
    for waiter in waiting {
        assert!(waiter.await.unwrap().is_normal());
    }
    // Also who asks late.
    assert!(a.terminated().await.is_normal());
    stage.end().await;
}

#[vela::test]
async fn a_recipient_delivers_after_restarts() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let narrow = a.recipient::<&'static str>();
    tell(&a, fail("x")).await;
    narrow.send("by send").await.unwrap();
    narrow.try_send("by try_send").unwrap();
    vela! { (narrow <- "by arrow").unwrap(); }
    calm().await;
    assert_eq!(stage.notes()[3..], ["a: by send", "a: by try_send", "a: by arrow"]);
    assert_eq!((narrow.id(), narrow.path()), (a.id(), a.path()));
    a.stop();
    a.terminated().await;
    assert!(!narrow.is_alive());
    assert_eq!(narrow.send("late").await.unwrap_err().into_inner(), "late");
    stage.end().await;
}

#[vela::test]
async fn a_weak_address_is_good_until_the_end() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let weak = a.downgrade();
    tell(&a, fail("x")).await;
    drop(a);
    let a = weak.upgrade().unwrap();
    assert!(answers(&a).await);
    a.stop();
    a.terminated().await;
    assert!(weak.upgrade().is_none());
    stage.end().await;
}

#[vela::test]
async fn a_weak_address_holds_no_actor_that_nobody_supervises() {
    let journal = Journal::new();
    let a = spawn(Probe::new("a", &journal));
    let weak = a.downgrade();
    let end = a.terminated();
    drop(a);
    assert!(end.await.is_normal());
    assert!(weak.upgrade().is_none());
    assert_eq!(journal.take(), ["a: started", "a: stopped [stopped]", "a: dropped"]);
}

#[vela::test]
async fn a_supervised_actor_lives_without_addresses() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    a.send("last words").await.unwrap();
    drop(a);
    calm().await;
    assert_eq!(stage.notes(), ["a: last words"]);
    stage.end().await;
}

#[vela::test(schedules = 10)]
async fn addresses_are_equal_if_their_actor_is_the_same() {
    let (stage, [a, b]) = Stage::with(ONE, ["a", "b"]).await;
    assert!(a == a.clone() && a != b);
    #[expect(clippy::mutable_key_type, reason = "equal and hashed by the number")]
    let set: HashSet<_> = [a.clone(), b.clone(), a.clone()].into();
    assert_eq!(set.len(), 2);
    assert!(a.id() < b.id());
    stage.end().await;
}

#[vela::test(schedules = 500)]
async fn a_message_is_handled_or_comes_back_or_was_left_in_the_mailbox() {
    let (stage, [a]) = Stage::with(Supervision::new(ONE).max_restarts(1), ["a"]).await;
    let senders: Vec<_> = ["p", "q"]
        .map(|name| {
            let a = a.clone();
            vela::task::spawn(async move {
                let mut sent = Vec::new();
                for n in 0..4 {
                    let text = format!("{name}{n}");
                    match a.send(ProbeMsg::Note(text.clone())).await {
                        Ok(()) => sent.push(text),
                        Err(error) => assert!(matches!(error.into_inner(), ProbeMsg::Note(back) if back == text)),
                    }
                }
                sent
            })
        })
        .into();
    a.send(fail("x")).await.ok();
    a.send(fail("y")).await.ok();
    stage.system.terminated().await.unwrap_err();
    let mut sent = Vec::new();
    for sender in senders {
        sent.extend(sender.await.unwrap());
    }
    let handled: Vec<_> = stage.notes().iter().filter_map(|note| Some(note.strip_prefix("a: ")?.to_owned())).collect();
    for name in ["p", "q"] {
        let of = |list: &[String]| -> Vec<String> {
            list.iter().filter(|text| text.len() == 2 && text.starts_with(name)).cloned().collect()
        };
        // In order, none twice, none that was not sent.
        assert_eq!(of(&handled), of(&sent)[..of(&handled).len()], "{handled:?}");
    }
}

#[vela::test]
async fn a_supervised_actor_may_stop_itself_by_its_address() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    a.send(deed(|_, cx| {
        Box::pin(async move {
            cx.address().stop();
            Ok(())
        })
    }))
    .await
    .unwrap();
    assert!(a.terminated().await.is_normal());
    assert!(stage.children().is_empty());
    stage.end().await;
}

#[vela::test]
async fn an_actor_that_kills_itself_is_dropped_at_its_next_await() {
    let journal = Journal::new();
    let a = Spawn::new().name("a").start(Probe::new("a", &journal));
    a.send(deed(|probe, cx| {
        Box::pin(async move {
            cx.address().kill();
            probe.note("not yet");
            vela::task::yield_now().await;
            probe.note("never");
            Ok(())
        })
    }))
    .await
    .unwrap();
    assert!(matches!(a.terminated().await, Exit::Killed));
    assert_eq!(journal.take(), ["a: started", "a: not yet", "a: dropped"]);
    assert!(a.ask(Echo(1)).await.is_err());
}

/// By each way of sending.
#[vela::test]
async fn a_message_that_is_not_taken_comes_back_and_says_whose_it_was() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a").temporary());
    tell(&a, fail("no disk")).await;
    let recipient = a.recipient::<&str>();
    let refused = [
        vela! { a <- "m" }.map_err(|error| (error.to_string(), error.is_closed())),
        a.send("m").await.map_err(|error| (error.to_string(), error.is_closed())),
        a.try_send("m").map_err(|error| (error.to_string(), error.is_closed())),
        recipient.send("m").await.map_err(|error| (error.to_string(), error.into_inner() == "m")),
        recipient.try_send("m").map_err(|error| (error.to_string(), error.into_inner() == "m")),
        select! { sent = a <- "m" => sent.map_err(|error| (error.to_string(), error.is_closed())) },
    ];
    let text = "`s/a` has ended, and takes no more messages (a new one has an address of its own): s/a failed while running: no disk";
    for refused in refused {
        assert_eq!(refused, Err((text.to_owned(), true)));
    }
    let refused = a.send("m").await.unwrap_err();
    assert!(refused.path() == "s/a" && refused.exit().is_some_and(|exit| exit.failure().is_some()));
    assert!(matches!(refused.into_inner(), ProbeMsg::Note(text) if text == "m"));
    stage.end().await;
}

#[vela::test]
async fn a_full_mailbox_says_whose_it_is() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a").mailbox(1, Overflow::Reject));
    tell(&a, hang()).await;
    a.send("m").await.unwrap();
    let text = "the mailbox of `s/a` is full, and refuses more: send later, or give it more room";
    assert_eq!(a.send("n").await.unwrap_err().to_string(), text);
    assert_eq!(a.try_send("n").unwrap_err().to_string(), text);
    assert_eq!(a.recipient::<&str>().try_send("n").unwrap_err().kind(), vela::SendErrorKind::Full);
    a.kill();
    stage.end().await;
}

struct Quiet;

impl Actor for Quiet {
    type Message = Slammed;
    type Error = std::convert::Infallible;

    async fn handle(&mut self, _: Slammed, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        Ok(())
    }
}

struct Slammed;

/// While it is made into the actor's message, the actor is told to end: here by itself, elsewhere by another thread.
struct Slam(Address<Quiet>);

impl From<Slam> for Slammed {
    fn from(slam: Slam) -> Self {
        slam.0.stop_after_mail();
        Self
    }
}

#[vela::test]
async fn what_a_recipient_has_sent_too_late_is_counted() {
    for waits in [false, true] {
        let quiet = spawn(Quiet);
        calm().await;
        let to = quiet.recipient::<Slam>();
        let sent = if waits { to.send(Slam(quiet.clone())).await } else { to.try_send(Slam(quiet.clone())) };
        quiet.terminated().await;
        assert!(sent.is_ok());
        assert_eq!(quiet.mailbox_dropped(), 1);
    }
}

#[vela::test(schedules = 1)]
async fn settings_of_one_that_nobody_supervises_that_contradict_each_other_are_refused() {
    let wrong = [
        (Spawn::new().name(""), "actor ``: the name is empty: give it one"),
        (Spawn::new().name("a/b"), "actor `a/b`: the name contains `/`"),
        (
            Spawn::new().mailbox(16, Overflow::DropOldest).unbounded_mailbox(),
            "actor `Quiet`: a mailbox has a bound or has none: remove",
        ),
        (
            Spawn::new().name("a").unbounded_mailbox().mailbox(1, Overflow::Block),
            "actor `a`: a mailbox has a bound or has none",
        ),
    ];
    for (spawn, says) in wrong {
        let panic = std::panic::catch_unwind(|| spawn.start(Quiet)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with(says), "{text}");
    }
}
