//! ractor, with the crate ractor-supervisor for its restarts.

use std::time::{Duration, Instant};

use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use ractor_supervisor::{
    ChildSpec, Restart, SpawnFn, Supervisor, SupervisorArguments, SupervisorOptions, SupervisorStrategy,
};
use tokio::sync::mpsc;

use super::{Capacity, Failed, LIMIT, Peer, RESTARTS, Supervised, WITHIN, timed};

pub(crate) struct Ractor;

pub(crate) enum Message {
    Add(u64),
    Get(RpcReplyPort<u64>),
    Fail,
}

pub(crate) struct Counter;

impl Actor for Counter {
    type Msg = Message;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Message>, message: Message, sum: &mut u64) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Add(n) => *sum += n,
            Message::Get(answer) => drop(answer.send(*sum)),
            Message::Fail => return Err(Box::new(Failed)),
        }
        Ok(())
    }
}

enum NodeMessage {
    Next(ActorRef<NodeMessage>),
    Pass(u64),
}

struct Node {
    done: mpsc::UnboundedSender<()>,
}

impl Actor for Node {
    type Msg = NodeMessage;
    type State = Option<ActorRef<NodeMessage>>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<NodeMessage>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok(None)
    }

    async fn handle(
        &self,
        _: ActorRef<NodeMessage>,
        message: NodeMessage,
        next: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match (message, &next) {
            (NodeMessage::Next(found), _) => *next = Some(found),
            (NodeMessage::Pass(0), _) => drop(self.done.send(())),
            (NodeMessage::Pass(n), Some(next)) => drop(next.cast(NodeMessage::Pass(n - 1))),
            (NodeMessage::Pass(_), None) => {}
        }
        Ok(())
    }
}

/// Has nothing to do but to have children.
struct Root;

impl Actor for Root {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn ask(to: &ActorRef<Message>, limit: Option<Duration>) -> Option<u64> {
    match to.call(Message::Get, limit).await {
        Ok(CallResult::Success(sum)) => Some(sum),
        _ => None,
    }
}

impl Peer for Ractor {
    const NAME: &'static str = "ractor";
    type To = ActorRef<Message>;

    async fn start(_: Capacity) -> ActorRef<Message> {
        let (counter, _) = Actor::spawn(None, Counter, ()).await.unwrap_or_else(|error| panic!("{error}"));
        counter
    }

    async fn tell(to: &ActorRef<Message>, n: u64) -> bool {
        to.cast(Message::Add(n)).is_ok()
    }

    async fn ask(to: &ActorRef<Message>) -> Option<u64> {
        ask(to, None).await
    }

    async fn ask_in_time(to: &ActorRef<Message>) -> Option<u64> {
        ask(to, Some(LIMIT)).await
    }

    async fn live() -> bool {
        let Ok((counter, ended)) = Actor::spawn(None, Counter, ()).await else { return false };
        counter.stop(None);
        ended.await.is_ok()
    }

    async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
        let (done, mut ended) = mpsc::unbounded_channel();
        let mut all = Vec::with_capacity(nodes);
        for _ in 0..nodes {
            all.push(Actor::spawn(None, Node { done: done.clone() }, ()).await.ok()?.0);
        }
        for (node, next) in all.iter().zip(all.iter().cycle().skip(1)) {
            node.cast(NodeMessage::Next(next.clone())).ok()?;
        }
        let took = timed(async { all[0].cast(NodeMessage::Pass(hops)).is_ok() && ended.recv().await.is_some() }).await;
        all.iter().for_each(|node| node.stop(None));
        took
    }
}

impl Supervised for Ractor {
    /// An address does not outlive a restart: who asks waits for the new one.
    async fn restarts(times: usize) -> Option<Duration> {
        let (up, mut comes_up) = mpsc::unbounded_channel();
        let spawn_fn = SpawnFn::new(move |supervisor, name| {
            let up = up.clone();
            async move {
                let (counter, _) = Supervisor::spawn_linked(name, Counter, (), supervisor).await?;
                drop(up.send(counter.clone()));
                Ok(counter.get_cell())
            }
        });
        let child_specs = vec![ChildSpec {
            id: "counter".into(),
            restart: Restart::Permanent,
            spawn_fn,
            backoff_fn: None,
            reset_after: None,
        }];
        let options = SupervisorOptions {
            strategy: SupervisorStrategy::OneForOne,
            max_restarts: RESTARTS as usize,
            max_window: WITHIN,
            reset_after: None,
        };
        let (root, ended) =
            Supervisor::spawn("bench".into(), SupervisorArguments { child_specs, options }).await.ok()?;
        let mut counter = comes_up.recv().await?;
        let took = timed(async {
            for _ in 0..times {
                if counter.cast(Message::Fail).is_err() {
                    return false;
                }
                let Some(next) = comes_up.recv().await else { return false };
                counter = next;
                if Self::ask(&counter).await != Some(0) {
                    return false;
                }
            }
            true
        });
        let took = took.await;
        root.stop(None);
        ended.await.ok()?;
        took
    }

    async fn children(count: usize) -> Option<(Duration, Duration)> {
        let (root, ended) = Actor::spawn(None, Root, ()).await.ok()?;
        let mut all = Vec::with_capacity(count);
        let start = Instant::now();
        for _ in 0..count {
            all.push(Actor::spawn_linked(None, Counter, (), root.get_cell()).await.ok()?.0);
        }
        let started = start.elapsed();
        root.stop_children_and_wait(None, None).await;
        root.stop(None);
        ended.await.ok()?;
        Some((started, start.elapsed()))
    }
}
