//! Random trees of actors under random faults: nobody is lost or doubled, orders and budgets are kept, every end comes in time.

mod ledger;
mod member;
mod plan;

use fastrand::Rng;
use vela::actor::{Children, System};
use vela::prelude::*;
use vela::task::Task;
use vela::time::{Instant, timeout};

use self::ledger::{Ledger, Nursery};
use self::member::{Act, Order, Ping};
use self::plan::{Node, Rules, Turn, one_of};
use crate::probe::Bomb;

/// `VELA_SCHEDULES=100000` for a long run: each schedule has a tree and faults of its own.
#[vela::test(schedules = 1_500, time_limit = "60m")]
async fn random_trees_keep_their_rules_under_random_faults() {
    live().await;
}

/// As an executor may poll tasks that nobody has woken.
#[vela::test(schedules = 300, faults = "spurious", time_limit = "60m")]
async fn random_trees_keep_their_rules_when_they_are_polled_for_nothing() {
    live().await;
}

async fn live() {
    let seed = vela::__private::draw(1 << 31).expect("a simulation") as u64;
    let mut world = World::draw(Rng::with_seed(seed));
    for _ in 0..world.rng.usize(5..25) {
        world.disturb().await;
    }
    world.end().await;
}

struct World {
    rng: Rng,
    ledger: Ledger,
    system: System,
    /// Number of messages.
    sent: u64,
    /// Number of children that were added later.
    added: u64,
    /// Who waits for answers and asks: all of it ends.
    waiting: Vec<Task<()>>,
}

impl World {
    fn draw(mut rng: Rng) -> Self {
        let rules = Rules::draw(&mut rng);
        let system = System::with("s", rules.supervision()).unwrap();
        let ledger = Ledger::default();
        ledger.books().nurseries.push((None, rules, system.children()));
        let mut world = Self { rng, ledger, system, sent: 0, added: 0, waiting: Vec::new() };
        for n in 0..world.rng.usize(1..4) {
            world.add(format!("c{n}"), 2);
        }
        world
    }

    fn add(&mut self, name: String, depth: u32) {
        let node = Node::draw(&mut self.rng, name, depth);
        member::start(&self.ledger, &node, &self.system.children(), None, self.rng.bool());
    }

    fn any(&mut self) -> Option<vela::actor::Address<member::Member>> {
        let books = self.ledger.books();
        let cell = self.rng.usize(..books.cells.len().max(1));
        books.cells.get(cell)?.address.clone()
    }

    /// Does something to somebody.
    async fn disturb(&mut self) {
        match self.rng.u8(..16) {
            0..4 => {
                let time = one_of(&mut self.rng, &[ms(0), ms(1), ms(4), ms(30), ms(700)]);
                sleep(time).await;
            }
            4..10 => self.order(),
            10 => {
                if let Some(address) = self.any() {
                    address.kill();
                }
            }
            11 => self.stop(),
            12 | 13 => self.call().await,
            14 => {
                if let Some(address) = self.any() {
                    self.waiting
                        .push(vela::task::spawn(async move { drop(address.ask(Ping).without_timeout().await) }));
                }
            }
            _ => {
                self.added += 1;
                let name = format!("x{}", self.added % 3);
                self.add(name, 1);
            }
        }
    }

    fn order(&mut self) {
        let (Some(to), Some(other)) = (self.any(), self.any()) else { return };
        let act = match self.rng.u8(..20) {
            0..3 => Act::Nothing,
            3..6 => Act::Turn(Turn::Err),
            6..9 => Act::Turn(Turn::Panic),
            9 => Act::Turn(Turn::Hang),
            10 => Act::Turn(Turn::Slow(one_of(&mut self.rng, &[ms(1), ms(50), secs(1)]))),
            11 => Act::Leave,
            12 => Act::Die,
            13 => Act::Drop(Bomb),
            14 => Act::Watch(other),
            15 => {
                self.ledger.books().linked = true;
                Act::Link(other)
            }
            16 | 17 => Act::Ask(other),
            _ => {
                self.added += 1;
                let name = format!("y{}", self.added % 3);
                Act::Adopt(Node::draw(&mut self.rng, name, 0))
            }
        };
        self.sent += 1;
        let refused = to.try_send(Order { id: self.sent, act });
        // What comes back may be a bomb.
        if let Err(error) = refused {
            std::mem::forget(error);
        }
    }

    fn stop(&mut self) {
        let Some(address) = self.any() else { return };
        for record in &mut self.ledger.books().cells {
            record.touched |= record.address.as_ref() == Some(&address);
        }
        address.stop();
    }

    /// A call of the API by a task, which may be cancelled.
    async fn call(&mut self) {
        let (nursery, children): (Nursery, Children) = {
            let books = self.ledger.books();
            let (nursery, _, children) = &books.nurseries[self.rng.usize(..books.nurseries.len())];
            (*nursery, children.clone())
        };
        let names = children.names();
        if names.is_empty() {
            return;
        }
        let name = one_of(&mut self.rng, &names);
        self.ledger.books().touch(nursery, &name);
        let how = self.rng.u8(..4);
        let call = vela::task::spawn(async move {
            drop(match how {
                0 => children.stop(&name).await,
                1 => children.remove(&name).await,
                _ => children.restart(&name).await,
            });
        });
        match self.rng.u8(..4) {
            0 => {
                vela::task::yield_now().await;
                call.cancel();
            }
            // It may wait for the turn of one behind another that hangs.
            1 => drop(timeout(secs(1), call).await),
            _ => self.waiting.push(call),
        }
    }

    /// Waits until all trouble is over, stops everything, and looks at the books.
    async fn end(mut self) {
        let calm = self.rng.u8(..4) != 0;
        if calm {
            self.ledger.books().calm = true;
            sleep(secs(60)).await;
            self.ledger.books().check_that_none_is_lost();
        }
        let (mark, longest) = {
            let books = self.ledger.books();
            (books.mark(), books.longest_stop(None))
        };
        let start = Instant::now();
        let gave_up = self.system.shutdown().await.is_err();
        let took = start.elapsed();
        let mut late = Vec::new();
        let cells = self.ledger.books().cells.len();
        for cell in 0..cells {
            let address = self.ledger.books().cells[cell].address.clone();
            if let Some(address) = address
                && timeout(ms(1), address.terminated()).await.is_err()
            {
                late.push(address.path().to_owned());
            }
        }
        for task in self.waiting.drain(..) {
            if timeout(secs(1), task).await.is_err() {
                late.push("who waited for an answer".to_owned());
            }
        }
        // Whoever has to learn of an end has then.
        sleep(ms(1)).await;
        let mut books = self.ledger.books();
        if calm && !gave_up && !books.linked {
            books.check_order(&mark);
        }
        books.check_budgets();
        books.check_that_all_are_gone();
        if took > longest {
            books.wrong.push(format!("shutdown took {took:?}, not {longest:?}"));
        }
        let wrong = std::mem::take(&mut books.wrong);
        // They hold each other.
        let cells = std::mem::take(&mut books.cells);
        let nurseries = std::mem::take(&mut books.nurseries);
        drop(books);
        drop((cells, nurseries));
        assert!(late.is_empty() && wrong.is_empty(), "{wrong:#?} {late:#?}");
    }
}
