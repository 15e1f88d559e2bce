//! kameo.

use std::time::{Duration, Instant};

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn as _};
use kameo::error::{Infallible, SendError};
use kameo::mailbox::{self, MailboxReceiver, MailboxSender};
use kameo::message::{Context, Message};
use kameo::supervision::RestartPolicy;
use tokio::sync::mpsc;

use super::{Capacity, Failed, LIMIT, Peer, RESTARTS, Supervised, WITHIN, timed};

pub(crate) struct Kameo;

struct Add(u64);
struct Get;
struct Fail;

#[derive(Default)]
pub(crate) struct Counter {
    sum: u64,
}

impl Actor for Counter {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self::default())
    }
}

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, Add(n): Add, _: &mut Context<Self, ()>) {
        self.sum += n;
    }
}

impl Message<Get> for Counter {
    type Reply = u64;

    async fn handle(&mut self, Get: Get, _: &mut Context<Self, u64>) -> u64 {
        self.sum
    }
}

impl Message<Fail> for Counter {
    type Reply = Result<(), Failed>;

    async fn handle(&mut self, Fail: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err(Failed)
    }
}

struct Next(ActorRef<Node>);
struct Pass(u64);

struct Node {
    next: Option<ActorRef<Node>>,
    done: mpsc::UnboundedSender<()>,
}

impl Actor for Node {
    type Args = mpsc::UnboundedSender<()>;
    type Error = Infallible;

    async fn on_start(done: Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self { next: None, done })
    }
}

impl Message<Next> for Node {
    type Reply = ();

    async fn handle(&mut self, Next(next): Next, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Pass> for Node {
    type Reply = ();

    async fn handle(&mut self, Pass(n): Pass, _: &mut Context<Self, ()>) {
        match &self.next {
            _ if n == 0 => drop(self.done.send(())),
            Some(next) => drop(next.tell(Pass(n - 1)).send().await),
            None => {}
        }
    }
}

/// Has nothing to do but to have children.
struct Root;

impl Actor for Root {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

fn mailbox<A: Actor>(capacity: Capacity) -> (MailboxSender<A>, MailboxReceiver<A>) {
    capacity.map_or_else(mailbox::unbounded, mailbox::bounded)
}

impl Peer for Kameo {
    const NAME: &'static str = "kameo";
    type To = ActorRef<Counter>;

    async fn start(capacity: Capacity) -> ActorRef<Counter> {
        Counter::spawn_with_mailbox((), mailbox(capacity))
    }

    async fn tell(to: &ActorRef<Counter>, n: u64) -> bool {
        to.tell(Add(n)).send().await.is_ok()
    }

    async fn ask(to: &ActorRef<Counter>) -> Option<u64> {
        to.ask(Get).send().await.ok()
    }

    async fn ask_in_time(to: &ActorRef<Counter>) -> Option<u64> {
        to.ask(Get).reply_timeout(LIMIT).send().await.ok()
    }

    async fn live() -> bool {
        let counter = Counter::spawn_with_mailbox((), mailbox(Some(1024)));
        let told = counter.stop_gracefully().await.is_ok();
        counter.wait_for_shutdown().await;
        told
    }

    async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
        let (done, mut ended) = mpsc::unbounded_channel();
        let node = |_| Node::spawn_with_mailbox(done.clone(), mailbox(Some(1024)));
        let nodes: Vec<_> = (0..nodes).map(node).collect();
        for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
            node.ask(Next(next.clone())).send().await.ok()?;
        }
        let token = async { nodes[0].tell(Pass(hops)).send().await.is_ok() && ended.recv().await.is_some() };
        let took = timed(token).await;
        nodes.iter().for_each(ActorRef::kill);
        took
    }
}

impl Supervised for Kameo {
    async fn restarts(times: usize) -> Option<Duration> {
        let root = Root::spawn(());
        let counter = Counter::supervise(&root, ());
        let counter = counter.restart_policy(RestartPolicy::Permanent).restart_limit(RESTARTS, WITHIN);
        let counter = counter.spawn_with_mailbox(mailbox(Some(1024))).await;
        let took = timed(async {
            for _ in 0..times {
                if counter.tell(Fail).send().await.is_err() {
                    return false;
                }
                loop {
                    match counter.ask(Get).send().await {
                        Ok(0) => break,
                        // Questions that meet the restart come to nothing.
                        Err(SendError::ActorRestarting(_) | SendError::ActorStopped) => {
                            tokio::task::yield_now().await;
                        }
                        Ok(_) | Err(_) => return false,
                    }
                }
            }
            true
        });
        let took = took.await;
        root.stop_gracefully().await.ok()?;
        root.wait_for_shutdown().await;
        took
    }

    async fn children(count: usize) -> Option<(Duration, Duration)> {
        let root = Root::spawn_with_mailbox((), mailbox(None));
        let mut all = Vec::with_capacity(count);
        let start = Instant::now();
        for _ in 0..count {
            let counter = Counter::supervise(&root, ()).restart_limit(RESTARTS, WITHIN);
            all.push(counter.spawn_with_mailbox(mailbox(Some(1024))).await);
        }
        for counter in &all {
            counter.wait_for_startup().await;
        }
        let started = start.elapsed();
        root.stop_gracefully().await.ok()?;
        root.wait_for_shutdown().await;
        Some((started, start.elapsed()))
    }
}
