//! Vela's actors.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vela::Overflow;
use vela::actor::{Actor, ActorContext, Address, Call, Request, Spawn, Supervision, System, child, spawn};

use super::{Capacity, Failed, Peer, RESTARTS, Supervised, WITHIN, timed};

pub(crate) struct Vela;

pub(crate) struct Get;

impl Request for Get {
    type Reply = u64;
}

pub(crate) enum CounterMsg {
    Add(u64),
    Get(Call<Get>),
    Fail,
}

impl From<Call<Get>> for CounterMsg {
    fn from(call: Call<Get>) -> Self {
        Self::Get(call)
    }
}

#[derive(Default)]
pub(crate) struct Counter {
    sum: u64,
}

impl Actor for Counter {
    type Message = CounterMsg;
    type Error = Failed;

    async fn handle(&mut self, message: CounterMsg, _: &mut ActorContext<Self>) -> Result<(), Failed> {
        match message {
            CounterMsg::Add(n) => self.sum += n,
            CounterMsg::Get(call) => call.reply(self.sum),
            CounterMsg::Fail => return Err(Failed),
        }
        Ok(())
    }
}

enum NodeMsg {
    Next(Address<Node>),
    Pass(u64),
}

struct Node {
    next: Option<Address<Node>>,
    done: mpsc::UnboundedSender<()>,
}

impl Actor for Node {
    type Message = NodeMsg;
    type Error = Infallible;

    async fn handle(&mut self, message: NodeMsg, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match (message, &self.next) {
            (NodeMsg::Next(next), _) => self.next = Some(next),
            (NodeMsg::Pass(0), _) => drop(self.done.send(())),
            (NodeMsg::Pass(n), Some(next)) => drop(next.send(NodeMsg::Pass(n - 1)).await),
            (NodeMsg::Pass(_), None) => {}
        }
        Ok(())
    }
}

fn supervision() -> Supervision {
    Supervision::default().max_restarts(RESTARTS).within(WITHIN)
}

impl Peer for Vela {
    const NAME: &'static str = "vela";
    const GO: bool = true;
    type To = Address<Counter>;

    async fn start(mailbox: Capacity) -> Address<Counter> {
        match mailbox {
            Some(capacity) => Spawn::new().mailbox(capacity, Overflow::Block).start(Counter::default()),
            None => Spawn::new().unbounded_mailbox().start(Counter::default()),
        }
    }

    async fn tell(to: &Address<Counter>, n: u64) -> bool {
        to.send(CounterMsg::Add(n)).await.is_ok()
    }

    async fn ask(to: &Address<Counter>) -> Option<u64> {
        to.ask(Get).without_timeout().await.ok()
    }

    async fn ask_in_time(to: &Address<Counter>) -> Option<u64> {
        to.ask(Get).await.ok()
    }

    async fn live() -> bool {
        let counter = spawn(Counter::default());
        counter.stop();
        counter.terminated().await.is_normal()
    }

    async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
        let (done, mut ended) = mpsc::unbounded_channel();
        let nodes: Vec<_> = (0..nodes).map(|_| spawn(Node { next: None, done: done.clone() })).collect();
        for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
            node.send(NodeMsg::Next(next.clone())).await.ok()?;
        }
        let took =
            timed(async { nodes[0].send(NodeMsg::Pass(hops)).await.is_ok() && ended.recv().await.is_some() }).await;
        // The addresses in the ring would hold it.
        nodes.iter().for_each(Address::stop);
        took
    }
}

impl Supervised for Vela {
    async fn restarts(times: usize) -> Option<Duration> {
        let system = System::with("bench", supervision()).ok()?;
        let counter = system.spawn(child("counter"), Counter::default).ok()?;
        let took = timed(async {
            for _ in 0..times {
                if counter.send(CounterMsg::Fail).await.is_err() || Self::ask(&counter).await != Some(0) {
                    return false;
                }
            }
            true
        });
        let took = took.await;
        system.shutdown().await.ok()?;
        took
    }

    async fn children(count: usize) -> Option<(Duration, Duration)> {
        let names: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        let system = System::with("bench", supervision()).ok()?;
        let mut all = Vec::with_capacity(count);
        let start = Instant::now();
        for name in names {
            all.push(system.spawn(child(name), Counter::default).ok()?);
        }
        system.children().settled().await;
        let started = start.elapsed();
        system.shutdown().await.ok()?;
        Some((started, start.elapsed()))
    }
}
