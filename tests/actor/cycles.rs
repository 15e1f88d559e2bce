//! Asks that lead back to who asks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vela::actor::{Actor, ActorContext, Address, AskError, Call, Recipient, Request, Spawn, Strategy, System, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Journal, Probe, ProbeMsg, deed};
use crate::stage::{Stage, calm};

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

// ------------------------------------------------------------------------------------------------- asks that cross

/// A message at which a probe waits so long, and then asks `other`, and notes what it hears.
fn ask_of(other: &Address<Probe>, first: Duration) -> ProbeMsg {
    let other = other.clone();
    deed(move |probe, _| {
        Box::pin(async move {
            sleep(first).await;
            let answer = other.ask(Echo(1)).await;
            probe.note(heard(answer));
            Ok(())
        })
    })
}

fn heard(answer: Result<u32, AskError>) -> String {
    match answer {
        Ok(n) => n.to_string(),
        Err(AskError::WouldDeadlock(path)) => path.join(">"),
        Err(AskError::TimedOut { .. }) => "timed out".to_owned(),
        Err(other) => other.to_string(),
    }
}

#[vela::test]
async fn asks_that_cross_are_seen() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    let start = Instant::now();
    a.send(ask_of(&b, ms(10))).await.unwrap();
    b.send(ask_of(&a, ms(10))).await.unwrap();
    a.ask(Echo(0)).await.unwrap();
    b.ask(Echo(0)).await.unwrap();
    assert_eq!(start.elapsed(), ms(10), "nobody has waited for a deadline");
    let mut notes = stage.journal.take();
    notes.sort();
    // Who asks second sees the circle; the first has its answer then.
    assert!(notes == ["a: 1", "b: s/a>s/b"] || notes == ["a: s/b>s/a", "b: 1"], "{notes:?}");
}

#[vela::test]
async fn asks_that_may_cross_never_wait_for_a_deadline() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    let start = Instant::now();
    a.send(ask_of(&b, Duration::ZERO)).await.unwrap();
    b.send(ask_of(&a, Duration::ZERO)).await.unwrap();
    a.ask(Echo(0)).await.unwrap();
    b.ask(Echo(0)).await.unwrap();
    assert!(start.elapsed().is_zero());
    let notes = stage.journal.take();
    assert!(notes.iter().any(|note| note.ends_with(": 1")), "only one of two gives way: {notes:?}");
}

#[vela::test]
async fn a_ring_of_asks_that_cross_is_seen() {
    let (stage, [a, b, c]) = Stage::with(Strategy::OneForOne, ["a", "b", "c"]).await;
    let start = Instant::now();
    for (from, to) in [(&a, &b), (&b, &c), (&c, &a)] {
        from.send(ask_of(to, ms(10))).await.unwrap();
    }
    for each in [&a, &b, &c] {
        each.ask(Echo(0)).await.unwrap();
    }
    assert_eq!(start.elapsed(), ms(10));
    let notes = stage.journal.take();
    let rings = ["a: s/b>s/c>s/a", "b: s/c>s/a>s/b", "c: s/a>s/b>s/c"];
    assert_eq!(notes.iter().filter(|note| rings.contains(&note.as_str())).count(), 1, "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.ends_with(": 1")).count(), 2, "{notes:?}");
}

#[vela::test]
async fn a_child_that_asks_its_parent_while_it_starts_is_seen() {
    /// Asks its parent while it starts.
    struct Child(Address<Probe>, Journal);

    impl Actor for Child {
        type Message = Call<Echo>;
        type Error = Infallible;

        async fn started(&mut self, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
            let answer = self.0.ask(Echo(2)).await;
            self.1.note(format!("child: {}", heard(answer)));
            Ok(())
        }

        async fn handle(&mut self, call: Call<Echo>, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
            call.reply_with(|Echo(n)| n);
            Ok(())
        }
    }

    let (stage, [parent]) = Stage::with(Strategy::OneForOne, ["parent"]).await;
    let start = Instant::now();
    let to_start = deed(|probe, cx| {
        Box::pin(async move {
            let (me, journal) = (cx.address(), probe.journal.clone());
            let child = cx.spawn(child("child"), move || Child(me.clone(), journal.clone())).unwrap();
            let answer = child.ask(Echo(1)).await;
            probe.note(heard(answer));
            Ok(())
        })
    });
    parent.send(to_start).await.unwrap();
    parent.ask(Echo(0)).await.unwrap();
    calm().await;
    assert!(start.elapsed() < secs(5), "nobody has waited for a deadline");
    let mut notes = stage.journal.take();
    notes.sort();
    let parent_first = ["child: s/parent>s/parent/child", "parent: 1"];
    let child_first = ["child: 2", "parent: s/parent/child>s/parent"];
    assert!(notes == parent_first || notes == child_first, "{notes:?}");
}

#[vela::test]
async fn one_that_stashes_a_request_and_asks_back_is_seen() {
    /// Stashes what it is asked, until it has asked itself.
    struct Later(Address<Probe>, Journal);

    impl Actor for Later {
        type Message = Later_;
        type Error = Infallible;

        async fn handle(&mut self, message: Later_, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
            match message {
                Later_::Asked(call) => cx.stash(Later_::Asked(call)).unwrap(),
                Later_::Go => self.1.note(heard(self.0.ask(Echo(2)).await)),
            }
            Ok(())
        }
    }

    enum Later_ {
        Asked(Call<Echo>),
        Go,
    }

    impl From<Call<Echo>> for Later_ {
        fn from(call: Call<Echo>) -> Self {
            Self::Asked(call)
        }
    }

    let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
    let (other, journal) = (a.clone(), stage.journal.clone());
    let later = stage.system.spawn(child("later"), move || Later(other.clone(), journal.clone())).unwrap();
    let asked = later.clone();
    let to_ask = deed(move |_, _| {
        Box::pin(async move {
            asked.ask(Echo(1)).timeout(secs(1)).await.unwrap_err();
            Ok(())
        })
    });
    a.send(to_ask).await.unwrap();
    sleep(ms(10)).await;
    later.send(Later_::Go).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(stage.journal.take(), ["s/a>s/later"]);
}

// ------------------------------------------------------------------------------ who can still answer is not refused

/// Answers later, from a task of its own; and asks, told by a unit message.
struct Deferring(Address<Probe>, Journal);

enum DeferringMsg {
    Asked(Call<Echo>),
    Ask,
}

impl From<Call<Echo>> for DeferringMsg {
    fn from(call: Call<Echo>) -> Self {
        Self::Asked(call)
    }
}

impl Actor for Deferring {
    type Message = DeferringMsg;
    type Error = Infallible;

    async fn handle(&mut self, message: DeferringMsg, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match message {
            DeferringMsg::Asked(call) => {
                let (Echo(n), reply) = call.into_parts();
                vela::task::spawn(async move {
                    sleep(ms(100)).await;
                    reply.send(n).ok();
                });
            }
            DeferringMsg::Ask => self.1.note(format!("deferring: {}", heard(self.0.ask(Echo(2)).await))),
        }
        Ok(())
    }
}

#[vela::test]
async fn a_request_that_is_answered_from_elsewhere_closes_no_circle() {
    let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
    let (other, journal) = (a.clone(), stage.journal.clone());
    let deferring = stage.system.spawn(child("d"), move || Deferring(other.clone(), journal.clone())).unwrap();
    let asked = deferring.clone();
    let to_ask = deed(move |probe, _| {
        Box::pin(async move {
            probe.note(heard(asked.ask(Echo(1)).await));
            Ok(())
        })
    });
    a.send(to_ask).await.unwrap();
    // Its request has been handled, and will be answered by a task.
    sleep(ms(10)).await;
    deferring.send(DeferringMsg::Ask).await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(stage.journal.take(), ["a: 1", "deferring: 2"]);
}

#[vela::test]
async fn one_of_several_asks_closes_no_circle() {
    let (stage, [a, b, c]) = Stage::with(Strategy::OneForOne, ["a", "b", "c"]).await;
    let slow = deed(|_, _| {
        Box::pin(async {
            sleep(ms(100)).await;
            Ok(())
        })
    });
    c.send(slow).await.unwrap();
    b.send(ask_of(&a, ms(20))).await.unwrap();
    let (first, second) = (b.clone(), c.clone());
    let to_ask = deed(move |probe, _| {
        Box::pin(async move {
            // Whichever answers.
            let answer = vela::select! {
                answer = <-first.ask(Echo(3)) => answer,
                answer = <-second.ask(Echo(4)) => answer,
            };
            probe.note(heard(answer));
            Ok(())
        })
    });
    a.send(to_ask).await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(stage.journal.take(), ["a: 4", "b: 1"]);
}

#[vela::test]
async fn an_own_loop_that_receives_while_it_asks_closes_no_circle() {
    /// Asks `other` again and again in its loop, and answers what comes meanwhile.
    struct Looping(Address<Probe>, Journal);

    impl Actor for Looping {
        type Message = Call<Echo>;
        type Error = Infallible;

        async fn run(
            &mut self,
            inbox: &mut vela::actor::Inbox<Self>,
            cx: &mut ActorContext<Self>,
        ) -> Result<(), Infallible> {
            let other = self.0.clone();
            let mut ask = pin!(other.ask(Echo(5)));
            loop {
                let next = {
                    let mut mail = pin!(inbox.recv());
                    poll_fn(|cx| match ask.as_mut().poll(cx) {
                        Poll::Ready(answer) => Poll::Ready(Err(answer)),
                        Poll::Pending => mail.as_mut().poll(cx).map(Ok),
                    })
                    .await
                };
                match next {
                    Err(answer) => {
                        self.1.note(format!("looping: {}", heard(answer)));
                        break;
                    }
                    Ok(Some(call)) => cx.handle(self, call).await?,
                    Ok(None) => return Ok(()),
                }
            }
            while let Some(call) = inbox.recv().await {
                cx.handle(self, call).await?;
            }
            Ok(())
        }

        async fn handle(&mut self, call: Call<Echo>, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
            call.reply_with(|Echo(n)| n);
            Ok(())
        }
    }

    let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
    // The request of the loop waits in the mailbox of a.
    let hold = deed(|_, _| {
        Box::pin(async {
            sleep(ms(10)).await;
            Ok(())
        })
    });
    a.send(hold).await.unwrap();
    let (other, journal) = (a.clone(), stage.journal.clone());
    let looping = stage.system.spawn(child("l"), move || Looping(other.clone(), journal.clone())).unwrap();
    let asked = looping.clone();
    let to_ask = deed(move |probe, _| {
        Box::pin(async move {
            probe.note(heard(asked.ask(Echo(6)).await));
            Ok(())
        })
    });
    a.send(to_ask).await.unwrap();
    sleep(secs(1)).await;
    let mut notes = stage.journal.take();
    notes.sort();
    assert_eq!(notes, ["a: 6", "looping: 5"]);
}

#[vela::test]
async fn what_an_actor_asked_before_its_restart_closes_no_circle() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    b.send(ask_of(&a, ms(50))).await.unwrap();
    a.send(ask_of(&b, Duration::ZERO)).await.unwrap();
    sleep(ms(10)).await;
    // It waits for b, whose handler will ask it; and is restarted meanwhile.
    a.kill();
    sleep(secs(1)).await;
    let notes = stage.journal.take();
    assert_eq!(notes.last().unwrap(), "b: 1", "{notes:?}");
}

#[vela::test]
async fn an_ask_that_was_dropped_closes_no_circle() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    b.send(ask_of(&a, ms(50))).await.unwrap();
    let asked = b.clone();
    let gives_up = deed(move |probe, _| {
        Box::pin(async move {
            assert!(vela::time::timeout(ms(10), asked.ask(Echo(1))).await.is_err());
            sleep(ms(100)).await;
            probe.note("went on");
            Ok(())
        })
    });
    a.send(gives_up).await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(stage.journal.take(), ["a: went on", "b: 1"]);
}

/// A message at which a probe asks `other`, leaves the answer to a task, and is busy for so long then.
fn hands_on(other: &Address<Probe>, busy: Duration) -> ProbeMsg {
    let other = other.clone();
    deed(move |probe, _| {
        Box::pin(async move {
            let mut ask = Box::pin(async move { heard(other.ask(Echo(3)).await) });
            // The question is on its way.
            assert!(poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx))).await.is_pending());
            let journal = probe.journal.clone();
            vela::task::spawn(async move { journal.note(format!("task: {}", ask.await)) });
            sleep(busy).await;
            Ok(())
        })
    })
}

#[vela::test]
async fn an_ask_that_has_left_its_handler_closes_no_circle() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    b.send(ask_of(&a, ms(50))).await.unwrap();
    a.send(hands_on(&b, ms(100))).await.unwrap();
    sleep(secs(1)).await;
    // While the handler runs it is taken for one that waits.
    assert_eq!(stage.journal.take(), ["b: s/a>s/b", "task: 3"]);

    b.send(ask_of(&a, ms(50))).await.unwrap();
    a.send(hands_on(&b, Duration::ZERO)).await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(stage.journal.take(), ["b: 1", "task: 3"]);
}
