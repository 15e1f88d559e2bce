//! Timers, sources, stash, watches, and their order.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use vela::actor::{Actor, ActorContext, Inbox, Spawn, spawn};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Fault, Journal, Probe, ProbeMsg, deed, fail};
use crate::stage::{Stage, answers, calm, tell};

#[vela::test]
async fn timers_go_off_in_order_and_before_mail() {
    let journal = Journal::new();
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(|_, cx| {
        Box::pin(async move {
            cx.after(ms(20), "second");
            cx.after(ms(10), "first");
            cx.after(ms(15), "cancelled").cancel();
            sleep(ms(30)).await;
            Ok(())
        })
    }))
    .await
    .unwrap();
    p.send("mail").await.unwrap();
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: first", "p: second", "p: mail"]);
}

#[vela::test]
async fn a_repeated_timer_goes_on_without_drift() {
    let journal = Journal::new();
    let start = Instant::now();
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(|_, cx| {
        Box::pin(async move {
            cx.every(ms(10), || "tick");
            Ok(())
        })
    }))
    .await
    .unwrap();
    sleep(ms(35)).await;
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take().iter().filter(|note| *note == "p: tick").count(), 3);
    assert!(start.elapsed() >= ms(35));
}

#[vela::test]
async fn an_attached_channel_is_received_besides_the_mail() {
    let journal = Journal::new();
    let (tx, rx) = vela::channel::<u32>(4);
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.attach(rx, |n: u32| ProbeMsg::Note(format!("source {n}")));
            Ok(())
        })
    }))
    .await
    .unwrap();
    for n in 0..3 {
        tx.send(n).await.unwrap();
    }
    sleep(ms(1)).await;
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: source 0", "p: source 1", "p: source 2"]);
}

#[vela::test]
async fn lag_of_a_source_is_told() {
    let journal = Journal::new();
    let (tx, rx) = vela::broadcast::channel::<u32>(2);
    for n in 0..5 {
        tx.send(n).unwrap();
    }
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.attach(rx, |n: u32| ProbeMsg::Note(format!("event {n}")));
            Ok(())
        })
    }))
    .await
    .unwrap();
    sleep(ms(1)).await;
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: lagged 3", "p: event 3", "p: event 4"]);
}

/// The message for what a source called `name` gives, its end too.
fn heard<T: std::fmt::Display>(name: &'static str) -> impl FnMut(Option<T>) -> ProbeMsg + Send + 'static {
    move |value| ProbeMsg::Note(value.map_or(format!("{name} has ended"), |value| format!("{name} {value}")))
}

#[vela::test]
async fn the_end_of_a_source_is_told_once_and_after_its_last_value() {
    let journal = Journal::new();
    let (tx, rx) = vela::channel::<u32>(4);
    let (events, hears) = vela::broadcast::channel::<u32>(2);
    let p = spawn(Probe::new("p", &journal));
    for n in 0..4 {
        events.send(n).unwrap();
    }
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.attach_with_end(rx, heard("channel"));
            cx.attach_with_end(hears, heard("event"));
            cx.attach_with_end(vela::actor::Values(futures_util::stream::empty::<u32>()), heard("nothing"));
            Ok(())
        })
    }))
    .await
    .unwrap();
    tx.send(7).await.unwrap();
    drop(tx);
    calm().await;
    p.ask(Echo(0)).await.unwrap();
    let said = journal.take();
    let of = |name: &str| said.iter().filter(|note| note.contains(name)).cloned().collect::<Vec<_>>();
    assert_eq!(of("channel"), ["p: channel 7", "p: channel has ended"]);
    assert_eq!(of("nothing"), ["p: nothing has ended"]);
    assert_eq!(of("event"), ["p: event 2", "p: event 3"], "it goes on");
    drop(events);
    calm().await;
    assert_eq!(journal.take(), ["p: event has ended"]);
    assert_eq!(p.ask(Echo(1)).await.unwrap(), 1);
}

#[vela::test]
async fn the_end_of_a_source_that_was_attached_before_a_restart_is_not_told() {
    let (stage, [a]) = Stage::with(vela::actor::Strategy::OneForOne, ["a"]).await;
    let (tx, rx) = vela::channel::<u32>(4);
    tell(
        &a,
        deed(move |_, cx| {
            cx.attach_with_end(rx, heard("channel"));
            Box::pin(async { Ok(()) })
        }),
    )
    .await;
    tell(&a, fail("x")).await;
    stage.notes();
    drop(tx);
    calm().await;
    assert!(answers(&a).await);
    assert!(stage.notes().is_empty());
    stage.end().await;
}

/// On a runtime the value behind the gap is there in the same poll.
#[vela::test(tokio)]
async fn lag_is_told_before_the_value_behind_the_gap() {
    let journal = Journal::new();
    let (tx, rx) = vela::broadcast::channel::<u32>(2);
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.attach(rx, |n: u32| ProbeMsg::Note(format!("event {n}")));
            for n in 0..5 {
                tx.send(n).unwrap();
            }
            Ok(())
        })
    }))
    .await
    .unwrap();
    while journal.len() < 4 {
        vela::task::yield_now().await;
    }
    assert_eq!(journal.take(), ["p: started", "p: lagged 3", "p: event 3", "p: event 4"]);
}

#[vela::test]
async fn what_was_put_aside_comes_back_before_the_mail() {
    let journal = Journal::new();
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(|_, cx| {
        Box::pin(async move {
            cx.stash("a").ok();
            cx.stash("b").ok();
            Ok(())
        })
    }))
    .await
    .unwrap();
    p.send("c").await.unwrap();
    p.send(deed(|_, cx| {
        Box::pin(async move {
            cx.unstash_all();
            Ok(())
        })
    }))
    .await
    .unwrap();
    p.send("d").await.unwrap();
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: c", "p: a", "p: b", "p: d"]);
}

#[vela::test]
async fn a_watched_actor_that_ends_is_told_of() {
    let journal = Journal::new();
    let other = Spawn::new().name("other").start(Probe::new("o", &Journal::new()));
    let p = spawn(Probe::new("p", &journal));
    let watched = other.clone();
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.watch(&watched);
            Ok(())
        })
    }))
    .await
    .unwrap();
    other.send(fail("x")).await.unwrap();
    other.terminated().await;
    sleep(ms(1)).await;
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: other terminated [other failed while running: x]"]);
}

#[vela::test]
async fn a_piped_result_is_a_message() {
    let journal = Journal::new();
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(|_, cx| {
        Box::pin(async move {
            cx.pipe(async { 6 * 7 }, |result| ProbeMsg::Note(format!("{result:?}")));
            Ok(())
        })
    }))
    .await
    .unwrap();
    sleep(ms(1)).await;
    p.ask(Echo(0)).await.unwrap();
    assert_eq!(journal.take(), ["p: started", "p: Ok(42)"]);
}

struct Selecting {
    journal: Journal,
    extra: Receiver<u32>,
}

impl Actor for Selecting {
    type Message = u32;
    type Error = Fault;

    async fn handle(&mut self, n: u32, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.journal.note(format!("mail {n}"));
        Ok(())
    }

    async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        loop {
            select! {
                Some(n) = <-inbox => cx.handle(self, n).await?,
                Some(n) = <-self.extra => self.journal.note(format!("extra {n}")),
                closed => return Ok(()),
            }
        }
    }
}

#[vela::test]
async fn the_inbox_is_an_arm_of_a_select() {
    let journal = Journal::new();
    let (tx, extra) = vela::channel::<u32>(0);
    let s = spawn(Selecting { journal: journal.clone(), extra });
    vela! {
        (s <- 1u32).unwrap();
        tx <- 2 else { panic!() };
        drop(tx);
    }
    let end = s.terminated();
    drop(s);
    assert!(end.await.is_normal());
    let mut notes = journal.take();
    notes.sort();
    assert_eq!(notes, ["extra 2", "mail 1"]);
}

/// Polls its inbox through a combinator that looks only at what its own wakers name.
struct Combining;

impl Actor for Combining {
    type Message = u32;
    type Error = Fault;

    async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&mut self, inbox: &mut Inbox<Self>, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        let mut all: FuturesUnordered<_> = [inbox.recv()].into_iter().collect();
        while let Some(received) = all.next().await {
            if received.is_none() {
                return Ok(());
            }
            all.push(inbox.recv());
        }
        Ok(())
    }
}

#[vela::test]
async fn a_stop_reaches_an_inbox_that_is_polled_with_another_waker_than_the_tasks() {
    let c = spawn(Combining);
    vela! { (c <- 1u32).unwrap() };
    vela::task::yield_now().await;
    c.stop();
    assert!(c.terminated().await.is_normal());
}
