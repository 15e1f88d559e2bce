//! Asks that lead back to who asks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use vela::actor::{Actor, ActorContext, Address, AskError, Call, Recipient, Request, Spawn, Strategy, System, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Journal, Probe};

/// How the next node is known.
#[derive(Clone)]
enum Hop {
    Address(Address<Node>),
    Recipient(Recipient<Call<Go>>),
}

impl Hop {
    async fn ask(self, go: Go, patience: Option<Duration>) -> Result<String, AskError> {
        match (self, patience) {
            (Self::Address(next), Some(patience)) => next.ask(go).timeout(patience).await,
            (Self::Address(next), None) => next.ask(go).await,
            (Self::Recipient(next), Some(patience)) => next.ask(go).timeout(patience).await,
            (Self::Recipient(next), None) => next.ask(go).await,
        }
    }
}

/// Handed on from node to node; the last one says `end`.
struct Go {
    path: VecDeque<Hop>,
    /// After so many nodes the next one answers before it hands on.
    early: Option<u32>,
    /// Asks so long for the next one's answer.
    patience: Option<Duration>,
    /// Waits before it hands on.
    first: Duration,
}

impl Go {
    fn to<const N: usize>(path: [&Address<Node>; N]) -> Self {
        let path = path.into_iter().cloned().map(Hop::Address).collect();
        Self { path, early: None, patience: None, first: Duration::ZERO }
    }

    /// By the narrow addresses.
    fn narrowly<const N: usize>(path: [&Address<Node>; N]) -> Self {
        Self { path: path.into_iter().map(|node| Hop::Recipient(node.recipient())).collect(), ..Self::to([]) }
    }
}

impl Request for Go {
    type Reply = String;
}

struct Node {
    journal: Journal,
    at_start: AtStart,
}

/// Whom it asks while it starts.
enum AtStart {
    Nobody,
    Itself,
    Other(Address<Node>),
}

impl Actor for Node {
    type Message = Call<Go>;
    type Error = Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match &self.at_start {
            AtStart::Nobody => {}
            AtStart::Itself => self.journal.note(said(cx.address().ask(Go::to([])).await)),
            AtStart::Other(other) => self.journal.note(said(other.ask(Go::to([&cx.address()])).await)),
        }
        Ok(())
    }

    async fn handle(&mut self, call: Call<Go>, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        let (mut go, reply) = call.into_parts();
        let Some(next) = go.path.pop_front() else {
            reply.send("end".to_owned()).ok();
            return Ok(());
        };
        let mut reply = Some(reply);
        if go.early == Some(0) {
            reply.take().unwrap().send("early".to_owned()).ok();
        }
        if !go.first.is_zero() {
            sleep(go.first).await;
        }
        let early = go.early.and_then(|nodes| nodes.checked_sub(1));
        let (patience, handed) = (go.patience, Go { early, patience: None, ..go });
        let answer = said(next.ask(handed, patience).await);
        match reply {
            Some(reply) => _ = reply.send(answer).map_err(|unheard| self.journal.note(unheard)),
            None => self.journal.note(answer),
        }
        Ok(())
    }
}

fn said(answer: Result<String, AskError>) -> String {
    match answer {
        Ok(answer) => answer,
        Err(AskError::WouldDeadlock(path)) => path.join(">"),
        Err(AskError::TimedOut { .. }) => "timed out".to_owned(),
        Err(other) => other.to_string(),
    }
}

fn node(name: &'static str, journal: &Journal) -> Address<Node> {
    Spawn::new().name(name).start(Node { journal: journal.clone(), at_start: AtStart::Nobody })
}

fn nodes() -> (Journal, [Address<Node>; 3]) {
    let journal = Journal::new();
    let all = ["a", "b", "c"].map(|name| node(name, &journal));
    (journal, all)
}

#[vela::test]
async fn a_cycle_of_one_is_refused() {
    let (_, [a, ..]) = nodes();
    assert_eq!(a.ask(Go::to([&a])).await.unwrap(), "a");
}

#[vela::test]
async fn a_cycle_of_two_is_refused() {
    let (_, [a, b, _]) = nodes();
    let start = Instant::now();
    assert_eq!(a.ask(Go::to([&b, &a])).await.unwrap(), "a>b");
    assert!(start.elapsed().is_zero(), "at once");
    assert_eq!(a.ask(Go::to([])).await.unwrap(), "end");
}

#[vela::test]
async fn a_cycle_of_recipients_is_refused() {
    let (journal, [a, b, c]) = nodes();
    assert_eq!(a.ask(Go::narrowly([&a])).await.unwrap(), "a");
    let start = Instant::now();
    assert_eq!(a.ask(Go::narrowly([&b, &c, &a])).await.unwrap(), "a>b>c");
    assert!(start.elapsed().is_zero(), "at once");
    // The link is behind what is asked by either of the two.
    let [by_address, by_recipient] = [Go::to([&b]), Go::narrowly([&c, &a])].map(|go| go.path);
    let mixed = Go { path: by_address.into_iter().chain(by_recipient).collect(), ..Go::to([]) };
    assert_eq!(a.ask(mixed).await.unwrap(), "a>b>c");
    let early = Go { early: Some(1), ..Go::narrowly([&b, &a]) };
    assert_eq!(a.ask(early).await.unwrap(), "early");
    assert_eq!(a.ask(Go::to([])).await.unwrap(), "end");
    b.ask(Go::to([])).await.unwrap();
    assert_eq!(journal.take(), ["end"]);
}

#[vela::test]
async fn a_cycle_of_three_is_refused() {
    let (_, [a, b, c]) = nodes();
    assert_eq!(a.ask(Go::to([&b, &c, &a])).await.unwrap(), "a>b>c");
    // Only the part that goes round is named.
    assert_eq!(a.ask(Go::to([&b, &c, &b])).await.unwrap(), "b>c");
}

#[vela::test]
async fn a_chain_without_a_cycle_is_not_refused() {
    let (_, [a, b, c]) = nodes();
    assert_eq!(a.ask(Go::to([&b, &c])).await.unwrap(), "end");
    // The same ones again: who has answered waits for nobody.
    assert_eq!(a.ask(Go::to([&c, &b])).await.unwrap(), "end");
}

#[vela::test]
async fn a_cycle_whose_first_ask_was_answered_is_none() {
    let (journal, [a, b, _]) = nodes();
    // a asks b, which answers, and asks a then.
    let early = Go { early: Some(1), ..Go::to([&b, &a]) };
    assert_eq!(a.ask(early).await.unwrap(), "early");
    assert_eq!(b.ask(Go::to([])).await.unwrap(), "end");
    assert_eq!(journal.take(), ["end"]);
}

#[vela::test]
async fn a_cycle_whose_first_ask_was_given_up_is_none() {
    let (journal, [a, b, _]) = nodes();
    // a waits 10 ms for b, which asks a back after 20.
    let impatient = Go { patience: Some(ms(10)), first: ms(20), ..Go::to([&b, &a]) };
    assert_eq!(a.ask(impatient).await.unwrap(), "timed out");
    sleep(secs(1)).await;
    assert_eq!(b.ask(Go::to([])).await.unwrap(), "end");
    assert_eq!(journal.take(), ["end"], "what nobody heard");
}

#[vela::test]
async fn asks_of_two_that_wait_for_a_third_are_no_cycle() {
    let (_, [a, b, c]) = nodes();
    let others = (a.clone(), c.clone());
    let first = vela::task::spawn(async move { others.0.ask(Go::to([&others.1])).await.unwrap() });
    assert_eq!(b.ask(Go::to([&c])).await.unwrap(), "end");
    assert_eq!(first.await.unwrap(), "end");
}

#[vela::test]
async fn one_that_asks_itself_while_it_starts_is_refused() {
    let journal = Journal::new();
    let system = System::new("s");
    let noted = journal.clone();
    let a = system.spawn(child("a"), move || Node { journal: noted.clone(), at_start: AtStart::Itself }).unwrap();
    assert_eq!(a.ask(Go::to([])).await.unwrap(), "end");
    assert_eq!(journal.take(), ["s/a"]);
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_cycle_through_started_is_refused() {
    let journal = Journal::new();
    let b = node("b", &journal);
    // c asks b while it starts, and b hands it on to c.
    let c = Spawn::new().name("c").start(Node { journal: journal.clone(), at_start: AtStart::Other(b.clone()) });
    assert_eq!(c.ask(Go::to([])).await.unwrap(), "end");
    assert_eq!(journal.take(), ["c>b"]);
}

#[vela::test]
async fn an_ask_from_a_task_is_no_cycle() {
    let journal = Journal::new();
    let system = System::with("s", Strategy::OneForOne).unwrap();
    let inner = journal.clone();
    let p = system.spawn(child("p"), move || Probe::new("p", &inner)).unwrap();
    p.send(crate::probe::deed(|_, cx| {
        Box::pin(async move {
            let me = cx.address();
            cx.pipe(async move { me.ask(Echo(4)).await.unwrap() }, |n| {
                crate::probe::ProbeMsg::Note(format!("{}", n.unwrap()))
            });
            Ok(())
        })
    }))
    .await
    .unwrap();
    crate::stage::calm().await;
    assert_eq!(journal.take(), ["p: started", "p: 4"]);
    system.shutdown().await.unwrap();
}
