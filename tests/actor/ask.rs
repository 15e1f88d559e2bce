//! Asking: replies, refusals, deadlines, cycles.

use vela::actor::{Address, AskError, Call, Recipient, Spawn, spawn};
use vela::prelude::*;

use crate::probe::{Echo, Journal, Probe, deed, fail, hang};

fn probe(name: &'static str, journal: &Journal) -> Address<Probe> {
    vela::actor::Spawn::new().name(name).start(Probe::new(name, journal))
}

#[vela::test]
async fn an_ask_has_its_reply() {
    let p = probe("p", &Journal::new());
    assert_eq!(p.ask(Echo(7)).await.unwrap(), 7);
    vela! { assert_eq!((<-p.ask(Echo(8))).unwrap(), 8); }
}

#[vela::test]
async fn asks_of_a_failed_actor_get_an_error() {
    let p = probe("p", &Journal::new());
    p.send(fail("x")).await.unwrap();
    let error = p.ask(Echo(1)).await.unwrap_err();
    assert!(matches!(error, AskError::Terminated { .. } | AskError::NoReply { .. }), "{error:?}");
    p.terminated().await;
    assert!(matches!(p.ask(Echo(1)).await, Err(AskError::Terminated { exit, .. }) if exit.failure().is_some()));
}

#[vela::test]
async fn an_ask_to_oneself_fails_at_once() {
    let journal = Journal::new();
    let p = probe("p", &journal);
    p.send(deed(|probe, cx| {
        let me = cx.address();
        Box::pin(async move {
            let error = me.ask(Echo(1)).without_timeout().await.unwrap_err();
            probe.note(error);
            Ok(())
        })
    }))
    .await
    .unwrap();
    assert_eq!(p.ask(Echo(2)).await.unwrap(), 2);
    assert_eq!(
        journal.take()[1],
        "p: the ask would wait for ever: p waits for p; send a message, or ask from a task (`cx.pipe`)"
    );
}

#[vela::test]
async fn an_ask_times_out() {
    let p = probe("p", &Journal::new());
    p.send(hang()).await.unwrap();
    let error = p.ask(Echo(1)).timeout(ms(50)).await.unwrap_err();
    assert!(matches!(error, AskError::TimedOut { after, .. } if after == ms(50)));
    p.kill();
}

#[vela::test]
async fn an_ask_is_an_arm_of_a_select() {
    let p = spawn(Probe::new("p", &Journal::new()));
    p.send(hang()).await.unwrap();
    let ticks = vela::time::after(ms(10));
    vela::select! {
        reply = <-p.ask(Echo(1)) => panic!("{reply:?}"),
        _ = <-ticks => {}
    }
    p.kill();
}

#[test]
fn a_deadlock_report_names_the_ask() {
    let report = vela::sim::Simulation::new()
        .schedules(1)
        .check(async || {
            let p = probe("p", &Journal::new());
            p.send(hang()).await.unwrap();
            p.ask(Echo(1)).without_timeout().await.unwrap();
        })
        .unwrap_err()
        .to_string();
    assert!(report.contains("DEADLOCK") && report.contains(", ask at :"), "{report}");
    assert!(report.contains("\"p\" go! at "), "{report}");
}

/// All that is known of who answers.
type Echoes = Recipient<Call<Echo>>;

#[vela::test]
async fn a_recipient_is_asked_as_an_address_is() {
    let journal = Journal::new();
    let p = probe("p", &journal);
    let echoes: Echoes = p.recipient();
    assert_eq!(echoes.ask(Echo(7)).await.unwrap(), 7);
    vela! { assert_eq!((<-echoes.ask(Echo(8))).unwrap(), 8); }

    p.send(hang()).await.unwrap();
    let start = vela::time::Instant::now();
    let error = echoes.ask(Echo(1)).timeout(ms(50)).await.unwrap_err();
    assert!(matches!(error, AskError::TimedOut { after, .. } if after == ms(50)));
    assert!(matches!(echoes.ask(Echo(1)).await, Err(AskError::TimedOut { after, .. }) if after == secs(5)));
    assert!(start.elapsed() >= ms(5_050));
    p.kill();
    p.terminated().await;
    assert!(matches!(echoes.ask(Echo(1)).await, Err(AskError::Terminated { .. })));
}

#[vela::test]
async fn an_ask_of_a_recipient_waits_for_room_within_its_deadline_and_is_not_sent_when_it_is_dropped() {
    let p = Spawn::new().name("p").mailbox(1, Overflow::Block).start(Probe::new("p", &Journal::new()));
    let echoes: Echoes = p.recipient();
    let (go, waits) = vela::channel::<()>(0);
    p.send(deed(move |_, _| {
        Box::pin(async move {
            waits.recv().await;
            Ok(())
        })
    }))
    .await
    .unwrap();
    p.send("fills the mailbox").await.unwrap();
    let error = echoes.ask(Echo(1)).timeout(ms(50)).await.unwrap_err();
    assert!(matches!(error, AskError::TimedOut { .. }), "{error:?}");
    assert_eq!(p.mailbox_len(), 1, "the request was not sent");
    go.send(()).await.unwrap();
    assert_eq!(echoes.ask(Echo(2)).await.unwrap(), 2);
}

#[vela::test]
async fn a_recipient_whose_mailbox_refuses_says_that_it_is_full() {
    let p = Spawn::new().name("p").mailbox(1, Overflow::Reject).start(Probe::new("p", &Journal::new()));
    let echoes: Echoes = p.recipient();
    p.send(hang()).await.unwrap();
    while p.mailbox_len() > 0 {
        vela::task::yield_now().await;
    }
    p.send("fills the mailbox").await.unwrap();
    assert!(matches!(echoes.ask(Echo(1)).await, Err(AskError::Full { .. })));
    p.kill();
}
