//! xtra.

use std::time::Duration;

use tokio::sync::mpsc;
use xtra::{Actor, Address, Context, Handler, Mailbox};

use super::{Capacity, LIMIT, Peer, timed};

pub(crate) struct Xtra;

struct Add(u64);
struct Get;

#[derive(Default)]
pub(crate) struct Counter {
    sum: u64,
}

impl Actor for Counter {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Add> for Counter {
    type Return = ();

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) {
        self.sum += n;
    }
}

impl Handler<Get> for Counter {
    type Return = u64;

    async fn handle(&mut self, Get: Get, _: &mut Context<Self>) -> u64 {
        self.sum
    }
}

struct Next(Address<Node>);
struct Pass(u64);
struct Stop;

struct Node {
    next: Option<Address<Node>>,
    done: mpsc::UnboundedSender<()>,
}

impl Actor for Node {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Next> for Node {
    type Return = ();

    async fn handle(&mut self, Next(next): Next, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Pass> for Node {
    type Return = ();

    async fn handle(&mut self, Pass(n): Pass, _: &mut Context<Self>) {
        match &self.next {
            _ if n == 0 => drop(self.done.send(())),
            Some(next) => drop(next.send(Pass(n - 1)).detach().await),
            None => {}
        }
    }
}

impl Handler<Stop> for Node {
    type Return = ();

    async fn handle(&mut self, Stop: Stop, cx: &mut Context<Self>) {
        cx.stop_self();
    }
}

fn mailbox<A: Actor>(capacity: Capacity) -> (Address<A>, Mailbox<A>) {
    capacity.map_or_else(Mailbox::unbounded, Mailbox::bounded)
}

impl Peer for Xtra {
    const NAME: &'static str = "xtra";
    type To = Address<Counter>;

    async fn start(capacity: Capacity) -> Address<Counter> {
        xtra::spawn_tokio(Counter::default(), mailbox(capacity))
    }

    async fn tell(to: &Address<Counter>, n: u64) -> bool {
        to.send(Add(n)).detach().await.is_ok()
    }

    async fn ask(to: &Address<Counter>) -> Option<u64> {
        to.send(Get).await.ok()
    }

    async fn ask_in_time(to: &Address<Counter>) -> Option<u64> {
        tokio::time::timeout(LIMIT, to.send(Get)).await.ok()?.ok()
    }

    async fn live() -> bool {
        let (address, mailbox) = mailbox(Some(1024));
        let task = tokio::spawn(xtra::run(mailbox, Counter::default()));
        drop(address);
        task.await.is_ok()
    }

    async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
        let (done, mut ended) = mpsc::unbounded_channel();
        let node = |_| xtra::spawn_tokio(Node { next: None, done: done.clone() }, mailbox(Some(1024)));
        let nodes: Vec<_> = (0..nodes).map(node).collect();
        for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
            node.send(Next(next.clone())).await.ok()?;
        }
        let token = async { nodes[0].send(Pass(hops)).detach().await.is_ok() && ended.recv().await.is_some() };
        let took = timed(token).await;
        for node in nodes {
            node.send(Stop).await.ok()?;
        }
        took
    }
}
