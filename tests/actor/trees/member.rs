//! A member of a tree: an actor that keeps the ledger, and whose hooks go wrong as its plan says.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use vela::actor::{Actor, ActorContext, Address, Call, Children, Exit, Failure, Request, Supervisor};
use vela::prelude::*;

use super::ledger::{Handle, Ledger, Nursery};
use super::plan::{Node, Rules, Turn};
use crate::probe::{Bomb, Fault};

pub(crate) struct Member {
    cell: usize,
    run: u64,
    node: Arc<Node>,
    ledger: Ledger,
    rng: Rng,
}

pub(crate) struct Order {
    /// Larger than those of the ones before.
    pub(crate) id: u64,
    pub(crate) act: Act,
}

pub(crate) enum Act {
    Nothing,
    Turn(Turn),
    Leave,
    Die,
    Drop(Bomb),
    Watch(Address<Member>),
    Link(Address<Member>),
    Ask(Address<Member>),
    Adopt(Arc<Node>),
}

pub(crate) struct Ping;

impl Request for Ping {
    type Reply = ();
}

pub(crate) enum Message {
    Order(Order),
    Ping(#[expect(dead_code, reason = "whether it is answered is up to chance")] Call<Ping>),
}

impl From<Order> for Message {
    fn from(order: Order) -> Self {
        Self::Order(order)
    }
}

impl From<Call<Ping>> for Message {
    fn from(call: Call<Ping>) -> Self {
        Self::Ping(call)
    }
}

/// Starts a member, or a supervisor that is a value; nothing if its supervisor ends, or has one of the name.
pub(crate) fn start(ledger: &Ledger, node: &Arc<Node>, children: &Children, nursery: Nursery, kept: bool) {
    let cell = ledger.books().cell(node, nursery);
    let spec = node.spec.clone();
    if node.value {
        if let Ok(address) = children.supervisor(spec, value(ledger, node, cell)) {
            known(ledger, cell, Handle::Supervisor(address));
        }
        return;
    }
    let make = maker(ledger, node, cell);
    let started = if kept { children.spawn_kept(spec, make) } else { children.spawn(spec, make) };
    if let Ok(address) = started {
        known(ledger, cell, Handle::Member(address));
    }
}

fn maker(ledger: &Ledger, node: &Arc<Node>, cell: usize) -> impl Fn() -> Member + Send + Sync + use<> {
    let (node, ledger) = (Arc::clone(node), ledger.clone());
    move || Member::make(cell, &node, &ledger)
}

/// A supervisor and its children. Each time that it starts they are other actors, with the cells that they have here.
fn value(ledger: &Ledger, node: &Node, cell: usize) -> Supervisor {
    let nursery = Some((cell, 0));
    ledger.books().nurseries.push((nursery, node.rules.clone(), None));
    node.kids.iter().fold(Supervisor::new(node.rules.supervision()), |supervisor, kid| {
        let below = ledger.books().cell(kid, nursery);
        let spec = kid.spec.clone();
        if kid.value {
            supervisor.supervisor(spec, value(ledger, kid, below))
        } else {
            supervisor.child(spec, maker(ledger, kid, below))
        }
    })
}

/// Whose address it is; its end will be told.
fn known(ledger: &Ledger, cell: usize, handle: Handle) {
    let (end, id) = (handle.terminated(), handle.id());
    let old = ledger.books().cells[cell].handle.replace(handle);
    drop(old);
    let books = ledger.clone();
    drop(vela::task::spawn(async move {
        end.await;
        books.books().ended(cell, id);
    }));
}

impl Member {
    fn make(cell: usize, node: &Arc<Node>, ledger: &Ledger) -> Self {
        let (count, calm) = {
            let mut books = ledger.books();
            (books.called(cell), books.calm)
        };
        let mut rng = Rng::with_seed(node.seed ^ count);
        assert!(calm || rng.u32(..200) >= node.wild, "in the factory");
        let run = ledger.books().made(cell);
        Self { cell, run, node: Arc::clone(node), ledger: ledger.clone(), rng }
    }

    /// Below a value nobody else knows the address.
    fn make_known(&self, cx: &ActorContext<Self>) {
        if !self.ledger.books().is_known(self.cell, cx.id()) {
            known(&self.ledger, self.cell, Handle::Member(cx.address()));
        }
    }

    async fn turn(&mut self) -> Result<(), Fault> {
        let calm = self.ledger.books().calm;
        match Turn::draw(&mut self.rng, &self.node) {
            _ if calm => Ok(()),
            turn => play(turn).await,
        }
    }
}

async fn play(turn: Turn) -> Result<(), Fault> {
    match turn {
        Turn::Well => Ok(()),
        Turn::Err => Err(Fault("a turn")),
        Turn::Panic => panic!("a turn"),
        Turn::Hang => std::future::pending().await,
        Turn::Slow(time) => {
            sleep(time).await;
            Ok(())
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.ledger.books().dropped(self.cell, self.run);
        let fault = self.rng.u32(..200) < self.node.wild;
        assert!(!fault || std::thread::panicking(), "in drop");
    }
}

impl Actor for Member {
    type Message = Message;
    type Error = Fault;

    async fn restarting(&mut self, _: &Failure, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.make_known(cx);
        self.turn().await
    }

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.make_known(cx);
        self.turn().await?;
        if !self.node.kids.is_empty() {
            cx.supervise(self.node.rules.supervision()).unwrap();
            let (children, nursery) = (cx.children(), Some((self.cell, self.run)));
            self.ledger.books().nurseries.push((nursery, self.node.rules.clone(), Some(children.clone())));
            for kid in &self.node.kids {
                start(&self.ledger, kid, &children, nursery, self.node.keeps);
            }
            if self.node.patient {
                children.settled().await;
            }
        }
        self.turn().await?;
        self.ledger.books().started(self.cell);
        Ok(())
    }

    async fn stopped(&mut self, exit: &Exit, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.ledger.books().stopped(self.cell, self.run, exit);
        // Also when all else is calm: that is what shutdown times are for.
        play(Turn::draw(&mut self.rng, &self.node)).await
    }

    async fn handle(&mut self, message: Message, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        let Message::Order(order) = message else { return self.turn().await };
        let calm = {
            let mut books = self.ledger.books();
            books.handled(self.cell, self.run, order.id);
            books.calm
        };
        match order.act {
            Act::Nothing => {}
            Act::Turn(Turn::Hang) if self.node.gentle => {}
            Act::Turn(turn) if !calm => return play(turn).await,
            Act::Leave if !calm => cx.stop(),
            Act::Die if !calm => cx.address().kill(),
            Act::Watch(other) => cx.watch(&other),
            Act::Link(other) if !calm => cx.link(&other),
            Act::Ask(other) => drop(other.ask(Ping).timeout(ask_time()).await),
            Act::Adopt(node) => {
                let nursery = Some((self.cell, self.run));
                let children = cx.children();
                if self.node.kids.is_empty() && !self.ledger.books().nurseries.iter().any(|(of, ..)| *of == nursery) {
                    let usual = Rules::usual();
                    self.ledger.books().nurseries.push((nursery, usual, Some(children.clone())));
                }
                start(&self.ledger, &node, &children, nursery, false);
            }
            Act::Turn(_) | Act::Leave | Act::Die | Act::Drop(_) | Act::Link(_) => {}
        }
        Ok(())
    }
}

fn ask_time() -> Duration {
    ms(300)
}
