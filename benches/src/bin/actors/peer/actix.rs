//! actix: all on one thread, as it is mostly used, and the actor on a thread other than those who tell and ask it.

use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, ArbiterHandle, Context, Handler, Message, System};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use vela_benches::harness::{Flavor, Scale, pin};

use super::{Capacity, LIMIT, Peer, timed};

pub(crate) struct OneThread;
pub(crate) struct TwoThreads;

/// Where the run in progress starts its actors.
static ARBITER: Mutex<Option<ArbiterHandle>> = Mutex::new(None);

struct Add(u64);

impl Message for Add {
    type Result = ();
}

struct Get;

impl Message for Get {
    type Result = u64;
}

#[derive(Default)]
pub(crate) struct Counter {
    sum: u64,
    /// Dropped when it has ended.
    _ended: Option<mpsc::Sender<()>>,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Add> for Counter {
    type Result = ();

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) {
        self.sum += n;
    }
}

impl Handler<Get> for Counter {
    type Result = u64;

    fn handle(&mut self, Get: Get, _: &mut Context<Self>) -> u64 {
        self.sum
    }
}

struct Next(Addr<Node>);

impl Message for Next {
    type Result = ();
}

struct Pass(u64);

impl Message for Pass {
    type Result = ();
}

struct Node {
    next: Option<Addr<Node>>,
    done: mpsc::UnboundedSender<()>,
}

impl Actor for Node {
    type Context = Context<Self>;
}

impl Handler<Next> for Node {
    type Result = ();

    fn handle(&mut self, Next(next): Next, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Pass> for Node {
    type Result = ();

    fn handle(&mut self, Pass(n): Pass, _: &mut Context<Self>) {
        match &self.next {
            _ if n == 0 => drop(self.done.send(())),
            Some(next) => next.do_send(Pass(n - 1)),
            None => {}
        }
    }
}

fn start<A: Actor<Context = Context<A>> + Send>(actor: A) -> Addr<A> {
    match &*ARBITER.lock() {
        Some(arbiter) => A::start_in_arbiter(arbiter, |_| actor),
        None => panic!("no run is in progress"),
    }
}

/// Runs `work` in a system whose thread is pinned.
fn run<F>(threads: usize, scale: Scale, work: F) -> Result<F::Output, String>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (done, result) = std_mpsc::channel();
    let driving = std::thread::spawn(move || {
        pin(0);
        System::new().block_on(async move {
            let other = (threads == 2).then(Arbiter::new);
            if let Some(other) = &other {
                other.spawn_fn(|| pin(1));
            }
            let handle = other.as_ref().map_or_else(|| System::current().arbiter().clone(), Arbiter::handle);
            *ARBITER.lock() = Some(handle);
            let ended = tokio::time::timeout(scale.patience(), work).await;
            *ARBITER.lock() = None;
            let ended = ended.map_err(|_| format!("hangs ({:?})", scale.patience()));
            drop(done.send(ended));
            if let Some(other) = other {
                other.stop();
                drop(other.join());
            }
        });
    });
    driving.join().map_err(|_| "panicked".to_owned())?;
    result.recv().map_err(|_| "gave no result".to_owned())?
}

async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
    let (done, mut ended) = mpsc::unbounded_channel();
    let nodes: Vec<_> = (0..nodes).map(|_| start(Node { next: None, done: done.clone() })).collect();
    for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
        node.send(Next(next.clone())).await.ok()?;
    }
    timed(async {
        nodes[0].do_send(Pass(hops));
        ended.recv().await.is_some()
    })
    .await
}

async fn live() -> bool {
    let (ended, mut has_ended) = mpsc::channel(1);
    let counter = start(Counter { sum: 0, _ended: Some(ended) });
    // It ends with its last address.
    drop(counter);
    has_ended.recv().await.is_none()
}

macro_rules! peer {
    ($peer:ident, $name:literal, $threads:literal) => {
        impl Peer for $peer {
            const NAME: &'static str = $name;
            type To = Addr<Counter>;

            fn run<F>(_: Flavor, scale: Scale, work: F) -> Result<F::Output, String>
            where
                F: Future<Output: Send + 'static> + Send + 'static,
            {
                run($threads, scale, work)
            }

            async fn start(_: Capacity) -> Addr<Counter> {
                start(Counter::default())
            }

            async fn tell(to: &Addr<Counter>, n: u64) -> bool {
                to.do_send(Add(n));
                true
            }

            async fn ask(to: &Addr<Counter>) -> Option<u64> {
                to.send(Get).await.ok()
            }

            async fn ask_in_time(to: &Addr<Counter>) -> Option<u64> {
                to.send(Get).timeout(LIMIT).await.ok()
            }

            async fn live() -> bool {
                live().await
            }

            async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
                ring(nodes, hops).await
            }
        }
    };
}

peer!(OneThread, "actix, one thread", 1);
peer!(TwoThreads, "actix, two threads", 2);
