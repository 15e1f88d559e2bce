//! Random trees of actors under random faults: nobody is lost or doubled, orders and budgets are kept, every end comes in time.

mod checks;
mod ledger;
mod member;
mod plan;

use std::pin::pin;
use std::time::Duration;

use fastrand::Rng;
use vela::actor::events::Event;
use vela::actor::{Address, Children, System};
use vela::broadcast::{self, TryRecvError};
use vela::prelude::*;
use vela::task::Task;
use vela::time::{Instant, timeout};

use self::ledger::{Handle, Ledger, Nursery};
use self::member::{Act, Member, Order, Ping};
use self::plan::{Node, Rules, Turn, one_of};
use crate::probe::Bomb;

/// `cargo xtask trees` for a long run: each schedule has a tree and troubles of its own.
#[vela::test(schedules = 1_500, time_limit = "60m")]
async fn random_trees_keep_their_rules_under_random_faults() {
    live(Faults::default()).await;
}

/// As an executor may poll tasks that nobody has woken.
#[vela::test(schedules = 300, faults = "spurious", time_limit = "60m")]
async fn random_trees_keep_their_rules_when_they_are_polled_for_nothing() {
    live(Faults::default()).await;
}

/// A task that is cancelled was killed, as its supervisor sees it; one that panics has failed.
#[vela::test(schedules = 500, faults = "spurious, cancel, panic", time_limit = "60m")]
async fn random_trees_keep_their_rules_when_tasks_are_ended_anywhere() {
    live(Faults { ends: true, delays: false }).await;
}

#[vela::test(schedules = 300, faults = "spurious, cancel, panic, delay", time_limit = "60m")]
async fn random_trees_keep_their_rules_when_tasks_are_ended_and_held_up_anywhere() {
    live(Faults { ends: true, delays: true }).await;
}

/// What the simulation does beside running tasks, as far as the checks have to know of it.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// It cancels tasks, and lets them panic.
    ends: bool,
    /// It holds tasks up until the next timer.
    delays: bool,
}

/// As many faults of a kind there are in a schedule at most.
const MANY: u32 = 8;

/// So long a task is held up at most, but for times of calm.
const PULSE: Duration = ms(100);

async fn live(faults: Faults) {
    let seed = vela::__private::draw(1 << 31).expect("a simulation") as u64;
    let mut world = World::draw(Rng::with_seed(seed), faults);
    world.beat();
    for _ in 0..world.rng.usize(5..25) {
        world.disturb().await;
    }
    world.end().await;
}

struct World {
    rng: Rng,
    faults: Faults,
    ledger: Ledger,
    system: System,
    events: broadcast::Receiver<Event>,
    pulses: Vec<Pulse>,
    /// Number of messages.
    sent: u64,
    /// Number of children that were added later.
    added: u64,
    /// Who waits for answers and asks: all of it ends.
    waiting: Vec<Task<()>>,
}

impl World {
    fn draw(mut rng: Rng, faults: Faults) -> Self {
        let rules = Rules::draw(&mut rng);
        let system = System::with("s", rules.supervision()).unwrap();
        let ledger = Ledger::default();
        ledger.books().nurseries.push((None, rules, Some(system.children())));
        let mut world = Self {
            rng,
            faults,
            ledger,
            events: system.events(),
            system,
            pulses: Vec::new(),
            sent: 0,
            added: 0,
            waiting: Vec::new(),
        };
        for n in 0..world.rng.usize(1..4) {
            world.add(format!("c{n}"), 2);
        }
        world
    }

    fn add(&mut self, name: String, depth: u32) {
        let node = Node::draw(&mut self.rng, name, depth);
        member::start(&self.ledger, &node, &self.system.children(), None, self.rng.bool());
    }

    fn any(&mut self) -> Option<Handle> {
        let books = self.ledger.books();
        let cell = self.rng.usize(..books.cells.len().max(1));
        books.cells.get(cell)?.handle.clone()
    }

    fn any_member(&mut self) -> Option<Address<Member>> {
        match self.any()? {
            Handle::Member(address) => Some(address),
            Handle::Supervisor(_) => None,
        }
    }

    /// Does something to somebody.
    async fn disturb(&mut self) {
        self.listen();
        match self.rng.u8(..16) {
            0..4 => {
                let time = one_of(&mut self.rng, &[ms(0), ms(1), ms(4), ms(30), ms(700)]);
                sleep(time).await;
            }
            4..10 => self.order(),
            10 => {
                if let Some(handle) = self.any() {
                    handle.kill();
                }
            }
            11 => self.stop(),
            12 | 13 => self.call().await,
            14 => {
                if let Some(address) = self.any_member() {
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
        let (Some(to), Some(other)) = (self.any_member(), self.any_member()) else { return };
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
        let Some(handle) = self.any() else { return };
        for record in &mut self.ledger.books().cells {
            record.touched |= record.handle.as_ref().is_some_and(|other| other.id() == handle.id());
        }
        handle.stop();
    }

    /// A call of the API by a task, which may be cancelled.
    async fn call(&mut self) {
        let (nursery, children): (Nursery, Children) = {
            let books = self.ledger.books();
            let known = |(nursery, _, children): &(_, _, Option<Children>)| Some((*nursery, children.clone()?));
            let known: Vec<_> = books.nurseries.iter().filter_map(known).collect();
            one_of(&mut self.rng, &known)
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
            self.pulses.clear();
            self.pass(60).await;
            self.check_that_none_is_lost().await;
            self.beat();
            // Until then none is held up that was before.
            self.pass(1).await;
        }
        let mark = self.ledger.books().mark();
        let start = Instant::now();
        let gave_up = self.system.shutdown().await.is_err();
        let took = start.elapsed();
        self.pulses.clear();
        let late = self.late().await;
        // Whoever has to learn of an end has then.
        for _ in 0..=MANY {
            sleep(ms(1)).await;
        }
        self.listen();
        let mut books = self.ledger.books();
        if calm && !gave_up && !books.linked {
            books.check_order(&mark, self.faults.ends);
        }
        books.check_budgets();
        books.check_that_all_are_gone();
        let longest = books.longest_stop(&mark) + if self.faults.delays { PULSE * MANY } else { ms(0) };
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

    /// After a long time without trouble all are up that have to be. One that a fault has just ended comes back before long.
    async fn check_that_none_is_lost(&mut self) {
        for _ in 0..if self.faults.ends { MANY } else { 0 } {
            if self.ledger.books().lost().is_empty() {
                return;
            }
            self.pass(2).await;
        }
        self.ledger.books().check_that_none_is_lost();
    }

    /// Who has not ended after the shutdown, and should have.
    async fn late(&mut self) -> Vec<String> {
        let mut late = Vec::new();
        let handles: Vec<_> = self.ledger.books().cells.iter().filter_map(|record| record.handle.clone()).collect();
        for handle in handles {
            if !self.ends_in(ms(1), handle.terminated()).await {
                late.push(format!("{:?}", handle.id()));
            }
        }
        for task in std::mem::take(&mut self.waiting) {
            if !self.ends_in(secs(1), task).await {
                late.push("who waited for an answer".to_owned());
            }
        }
        late
    }

    /// Whether it is over in this time; where tasks are held up, in so much more.
    async fn ends_in(&self, time: Duration, what: impl Future) -> bool {
        let mut what = pin!(what);
        for _ in 0..=if self.faults.delays { MANY } else { 0 } {
            if timeout(time, what.as_mut()).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Sees to it that none is held up for long: that ends with the next timer. Of so many pulses one is left when two are ended and
    /// two held up.
    fn beat(&mut self) {
        let pulse = |n| async move {
            sleep(PULSE / 5 * n).await;
            loop {
                sleep(PULSE).await;
            }
        };
        if self.faults.delays {
            self.pulses = (0..5).map(|n| Pulse(vela::task::spawn(pulse(n)))).collect();
        }
    }

    /// Lets some seconds pass, in steps: who is held up is so until the next timer.
    async fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            sleep(secs(1)).await;
            self.listen();
        }
    }

    /// Writes down what the supervisors have told.
    fn listen(&mut self) {
        let mut books = self.ledger.books();
        loop {
            match self.events.try_recv() {
                Ok(event) => books.told(&event),
                Err(TryRecvError::Lagged(_)) => books.missed = true,
                Err(_) => return,
            }
        }
    }
}

/// A timer that goes off all the time.
struct Pulse(Task<()>);

impl Drop for Pulse {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
