//! Mail, stash and lanes over restarts: what stays, what ends with a run, what the askers learn.

use std::sync::Arc;

use vela::Overflow;
use vela::actor::{AskError, Strategy, Supervision, child};
use vela::prelude::*;

use crate::probe::{Echo, Poison, ProbeMsg, bomb, deed, fail, hang, panic};
use crate::stage::{Stage, answers, calm, tell};

const ONE: Strategy = Strategy::OneForOne;

fn slowly() -> Supervision {
    Supervision::new(ONE).backoff(secs(1)..secs(1))
}

#[vela::test]
async fn the_poison_is_not_given_again_and_the_mail_behind_it_comes_in_order() {
    for poison in [fail("x"), panic("x")] {
        let stage = Stage::new(ONE);
        let a = stage.add(child("a"));
        a.send("1").await.unwrap();
        vela! { (a <- poison).unwrap(); }
        for text in ["2", "3", "4"] {
            a.send(text).await.unwrap();
        }
        assert!(answers(&a).await);
        let expected = ["a: started", "a: 1", "a: stopped", "a: dropped", "a: started", "a: 2", "a: 3", "a: 4"];
        assert_eq!(stage.notes(), expected);
        stage.end().await;
    }
}

#[vela::test]
async fn an_ask_whose_handler_failed_gets_an_error_and_those_behind_it_their_answer() {
    let (stage, [a]) = Stage::with(slowly(), ["a"]).await;
    let poisoned = a.clone();
    let first = vela::task::spawn(async move { poisoned.ask(Poison).await });
    calm().await;
    assert!(matches!(first.await.unwrap(), Err(AskError::NoReply { .. })));
    // Asked while it is down.
    assert_eq!(a.ask(Echo(3)).await.unwrap(), 3);
    stage.end().await;
}

#[vela::test]
async fn open_asks_of_one_that_was_killed_get_an_error() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let (tx, calls) = vela::unbounded();
    a.send(deed(move |_, cx| {
        Box::pin(async move {
            let me = cx.address();
            cx.pipe(async move { me.ask(Echo(1)).without_timeout().await }, move |answer| {
                tx.try_send(answer.unwrap()).unwrap();
                "answered"
            });
            std::future::pending().await
        })
    }))
    .await
    .unwrap();
    calm().await;
    stage.children().stop("a").await.ok();
    // The one who waits for it here was a task of the actor's own: it ends with the run.
    assert!(calls.recv().await.is_none());
    stage.end().await;
}

#[vela::test]
async fn asks_that_are_left_in_the_mailbox_at_the_end_learn_how_it_ended() {
    let stage = Stage::new(Supervision::new(ONE).max_restarts(0));
    let a = stage.add(child("a"));
    tell(
        &a,
        deed(|_, _| {
            Box::pin(async {
                sleep(ms(10)).await;
                Err(crate::probe::Fault("disk full"))
            })
        }),
    )
    .await;
    let asker = a.clone();
    let ask = vela::task::spawn(async move { asker.ask(Echo(1)).await });
    calm().await;
    stage.system.terminated().await.unwrap_err();
    let error = ask.await.unwrap().unwrap_err();
    assert!(matches!(&error, AskError::Terminated { exit, .. } if exit.to_string().contains("disk full")), "{error}");
}

#[vela::test]
async fn what_was_put_aside_stays_over_a_restart() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(
        &a,
        deed(|_, cx| {
            Box::pin(async move {
                for text in ["s1", "s2"] {
                    cx.stash(text).ok();
                }
                Err(crate::probe::Fault("x"))
            })
        }),
    )
    .await;
    a.send("mail").await.unwrap();
    tell(
        &a,
        deed(|probe, cx| {
            Box::pin(async move {
                probe.note(format!("{} put aside", cx.stashed()));
                cx.unstash_all();
                Ok(())
            })
        }),
    )
    .await;
    assert_eq!(stage.notes()[3..], ["a: mail", "a: 2 put aside", "a: s1", "a: s2"]);
    stage.end().await;
}

#[vela::test]
async fn what_was_given_back_and_not_handled_yet_stays_before_the_mail() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    tell(
        &a,
        deed(|_, cx| {
            Box::pin(async move {
                cx.stash("s1").ok();
                cx.stash(fail("in the stash")).ok();
                cx.stash("s2").ok();
                cx.unstash_all();
                cx.address().try_send("mail").ok();
                Ok(())
            })
        }),
    )
    .await;
    assert!(answers(&a).await);
    assert_eq!(stage.notes(), ["a: s1", "a: stopped", "a: dropped", "a: started", "a: s2", "a: mail"]);
    stage.end().await;
}

#[vela::test]
async fn a_stash_holds_as_many_as_the_mailbox() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").mailbox(2, Overflow::Block));
    tell(
        &a,
        deed(|probe, cx| {
            Box::pin(async move {
                assert!(cx.stash("1").is_ok() && cx.stash("2").is_ok());
                let full = cx.stash("3").unwrap_err();
                assert!(matches!(full.message, ProbeMsg::Note(text) if text == "3"));
                probe.note("full");
                Ok(())
            })
        }),
    )
    .await;
    assert_eq!(stage.notes(), ["a: started", "a: full"]);
    stage.end().await;
}

#[vela::test]
async fn timers_sources_and_piped_work_end_with_the_run() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    let (tx, rx) = vela::channel::<u32>(4);
    let held = Arc::new(());
    let piped = Arc::clone(&held);
    tell(
        &a,
        deed(move |_, cx| {
            Box::pin(async move {
                cx.after(ms(10), "late");
                cx.every(ms(3), || "tick");
                cx.attach(rx, |n: u32| ProbeMsg::Note(format!("source {n}")));
                cx.pipe(
                    async move {
                        let _piped = piped;
                        std::future::pending::<()>().await;
                    },
                    |_| "piped",
                );
                Err(crate::probe::Fault("x"))
            })
        }),
    )
    .await;
    sleep(ms(50)).await;
    assert!(tx.send(1).await.is_err(), "its receiver is gone");
    assert_eq!(Arc::strong_count(&held), 1, "the piped task is gone");
    assert_eq!(stage.notes(), ["a: stopped", "a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test]
async fn senders_wait_for_room_while_it_is_down() {
    let stage = Stage::new(slowly());
    let a = stage.add(child("a").mailbox(1, Overflow::Block));
    tell(&a, fail("x")).await;
    a.send("1").await.unwrap();
    let waiting = a.clone();
    let second = vela::task::spawn(async move { waiting.send("2").await.is_ok() });
    calm().await;
    assert!(!second.is_finished());
    sleep(secs(1)).await;
    assert!(second.await.unwrap());
    assert!(answers(&a).await);
    assert_eq!(stage.notes()[3..], ["a: started", "a: 1", "a: 2"]);
    stage.end().await;
}

// actix: there is no tell that waits for room in a bounded mailbox.
#[vela::test]
async fn who_waits_for_room_in_the_mailbox_of_one_that_ends_has_the_message_back() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").mailbox(1, Overflow::Block).shutdown(ms(1)));
    tell(&a, hang()).await;
    a.send("1").await.unwrap();
    let waiting = a.clone();
    let second = vela::task::spawn(async move { waiting.send("2").await.map_err(|error| error.into_inner()) });
    calm().await;
    a.stop();
    let back = second.await.unwrap();
    assert!(matches!(back, Err(ProbeMsg::Note(text)) if text == "2"));
    stage.end().await;
}

#[vela::test]
async fn a_mailbox_that_drops_counts_over_restarts() {
    let stage = Stage::new(slowly());
    let a = stage.add(child("a").mailbox(2, Overflow::DropOldest));
    tell(&a, fail("x")).await;
    for text in ["1", "2", "3", "4"] {
        a.send(text).await.unwrap();
    }
    assert_eq!(a.mailbox_dropped(), 2);
    sleep(secs(1)).await;
    calm().await;
    assert_eq!(stage.notes()[3..], ["a: started", "a: 3", "a: 4"]);
    assert_eq!((a.mailbox_dropped(), a.mailbox_len(), a.mailbox_capacity()), (2, 0, Some(2)));
    stage.end().await;
}

#[vela::test]
async fn a_full_mailbox_holds_up_no_stop() {
    let stage = Stage::new(ONE);
    let a = stage.add(child("a").mailbox(1, Overflow::Reject).shutdown(ms(10)));
    tell(&a, hang()).await;
    a.send("1").await.unwrap();
    assert!(a.send("2").await.is_err());
    assert!(matches!(a.ask(Echo(1)).await, Err(AskError::Full { .. })));
    a.stop();
    a.terminated().await;
    stage.end().await;
}

#[vela::test]
async fn messages_whose_drop_panics_hold_up_nothing() {
    let (stage, [a, b]) = Stage::with(ONE, ["a", "b"]).await;
    tell(
        &a,
        deed(|_, cx| {
            Box::pin(async move {
                cx.stash(bomb()).ok();
                sleep(ms(10)).await;
                Ok(())
            })
        }),
    )
    .await;
    a.send(bomb()).await.ok();
    a.send(bomb()).await.ok();
    let asker = a.clone();
    let ask = vela::task::spawn(async move { asker.ask(Echo(1)).await });
    calm().await;
    a.stop();
    a.terminated().await;
    assert!(ask.await.unwrap().is_err());
    assert!(answers(&b).await);
    assert_eq!(stage.children().names(), ["b"]);
    stage.end().await;
}

#[vela::test]
async fn messages_whose_drop_panics_hold_up_nothing_where_nobody_supervises() {
    let a = vela::actor::spawn(crate::probe::Probe::new("a", &crate::probe::Journal::new()));
    tell(&a, hang()).await;
    a.send(bomb()).await.ok();
    a.send(bomb()).await.ok();
    let waiting = a.clone();
    let end = vela::task::spawn(async move { waiting.terminated().await });
    calm().await;
    a.kill();
    assert!(matches!(end.await.unwrap(), vela::actor::Exit::Killed));
    assert_eq!(a.mailbox_len(), 0);
}
