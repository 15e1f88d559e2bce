//! Asking: replies, refusals, deadlines, cycles.

use std::future::Future;

use vela::actor::{
    Actor, ActorContext, Address, AskError, Call, Inbox, Recipient, Spawn, Strategy, Supervisor, System, child, spawn,
};
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

/// What the simulator says of a deadlock.
fn report_of<F: Future<Output = ()> + 'static>(test: impl Fn() -> F) -> String {
    let report = vela::sim::Simulation::new().schedules(1).check(test).unwrap_err().to_string();
    assert!(report.contains("DEADLOCK"), "{report}");
    report
}

#[test]
fn a_deadlock_report_names_who_is_asked() {
    let line = line!() + 2;
    let report = report_of(async || {
        let p = Spawn::new().name("p").start(Probe::new("p", &Journal::new()));
        p.send(hang()).await.unwrap();
        p.ask(Echo(1)).without_timeout().await.unwrap();
    });
    let ask = format!(", ask of task 1 \"p\" at :{}\n", line + 2);
    assert!(report.contains(&ask), "{report}");
    assert!(report.contains(&format!("\"p\" go! at tests/actor/ask.rs:{line}")), "{report}");
}

/// Asks another one in its loop, in which it receives nothing meanwhile: nobody can see that.
struct Stubborn(Option<Address<Stubborn>>);

enum StubbornMsg {
    Other(Address<Stubborn>),
    Asked(Call<Echo>),
}

impl From<Call<Echo>> for StubbornMsg {
    fn from(call: Call<Echo>) -> Self {
        Self::Asked(call)
    }
}

impl Actor for Stubborn {
    type Message = StubbornMsg;
    type Error = AskError;

    async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), AskError> {
        while let Some(message) = inbox.recv().await {
            cx.handle(self, message).await?;
            if let Some(other) = self.0.take() {
                sleep(ms(10)).await;
                other.ask(Echo(1)).without_timeout().await?;
            }
        }
        Ok(())
    }

    async fn handle(&mut self, message: StubbornMsg, _: &mut ActorContext<Self>) -> Result<(), AskError> {
        match message {
            StubbornMsg::Other(other) => self.0 = Some(other),
            StubbornMsg::Asked(call) => call.reply_with(|Echo(n)| n),
        }
        Ok(())
    }
}

#[test]
fn a_deadlock_report_shows_the_circle_of_asks_and_where_the_actors_were_spawned() {
    let line = line!() + 3;
    let report = report_of(async || {
        let system = System::new("s");
        let a = system.spawn(child("a"), || Stubborn(None)).unwrap();
        let b = system.spawn(child("b"), || Stubborn(None)).unwrap();
        a.send(StubbornMsg::Other(b.clone())).await.unwrap();
        b.send(StubbornMsg::Other(a.clone())).await.unwrap();
        system.terminated().await.unwrap();
    });
    let number = |name: &str| {
        let at = report.find(&format!(" \"{name}\" go! at ")).unwrap_or_else(|| panic!("{report}"));
        report[..at].rsplit(' ').next().unwrap_or_default().to_owned()
    };
    let (a, b) = (number("s/a"), number("s/b"));
    for says in [
        format!("task {a} \"s/a\" go! at tests/actor/ask.rs:{line}, ask of task {b} \"s/b\" at :"),
        format!("task {b} \"s/b\" go! at tests/actor/ask.rs:{}, ask of task {a} \"s/a\" at :", line + 1),
        format!(", terminated at :{}\n", line + 4),
    ] {
        assert!(report.contains(&says), "{says}: {report}");
    }
    let circles = [format!(" => cycle {a} → {b} → {a}\n"), format!(" => cycle {b} → {a} → {b}\n")];
    assert!(circles.iter().any(|circle| report.contains(circle)), "{report}");
    assert!(!report.contains("18446744073709551614") && !report.contains("not Vela's"), "{report}");
}

#[test]
fn a_deadlock_report_says_where_the_children_of_a_tree_stand() {
    let line = line!() + 3;
    let report = report_of(async || {
        let tree = Supervisor::new(Strategy::OneForOne)
            .supervisor(child("one"), Supervisor::new(Strategy::OneForOne))
            .child(child("two"), || Stubborn(None));
        let system = System::new("s");
        system.children().supervisor(child("tree"), tree).unwrap();
        system.terminated().await.unwrap();
    });
    for (path, line) in [("s/tree/one", line), ("s/tree/two", line + 1), ("s/tree", line + 3)] {
        assert!(report.contains(&format!("\"{path}\" go! at tests/actor/ask.rs:{line}")), "{path}:{line} {report}");
    }
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

#[vela::test]
async fn a_request_that_the_mailbox_drops_is_not_only_laid_to_the_handler() {
    let p = Spawn::new().name("p").mailbox(1, Overflow::DropNewest).start(Probe::new("p", &Journal::new()));
    p.send(hang()).await.unwrap();
    while p.mailbox_len() > 0 {
        vela::task::yield_now().await;
    }
    p.send("fills the mailbox").await.unwrap();
    let error = p.ask(Echo(1)).await.unwrap_err();
    assert!(matches!(error, AskError::NoReply { .. }));
    for cause in ["its handler failed", "did not call `reply`", "was stopped or killed first", "its mailbox was full"] {
        assert!(error.to_string().contains(cause), "{error}");
    }
    p.kill();
}
