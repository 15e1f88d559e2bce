//! One round: a random mesh of slots and tasks, its run, and the judgement at its end.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use vela::Overflow;

use super::account::Account;
use super::actor::{Actor, Kind};
use super::epoch::{Plan, Register, Slot, lock};
use super::port::Role;
use super::threads;

/// How long a channel that nobody is to use any more may live on before it is closed by force.
const GRACE: Duration = Duration::from_millis(2);

/// What a task shows of itself, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Board {
    /// Operations so far.
    pub(crate) ops: AtomicU64,
    /// Rounds of the task's loop so far.
    pub(crate) turns: AtomicU64,
    /// The kind of operation it is in, and the slot.
    pub(crate) doing: AtomicU32,
    pub(crate) over: AtomicBool,
}

/// See the [module](self).
pub(crate) struct World {
    pub(crate) slots: Vec<Slot>,
    pub(crate) register: Register,
    pub(crate) boards: Vec<Board>,
    pub(crate) stop: AtomicBool,
    calm: AtomicBool,
    /// A task closes or replaces a channel once in so many operations.
    pub(crate) churn: u32,
    tasks: Vec<(Kind, Vec<Role>)>,
    seed: u64,
    /// The tasks' turns when the quota was reached.
    reached: Mutex<Option<Vec<u64>>>,
}

impl World {
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let slots = rng.usize(2..=10);
        let mixed = rng.usize(2..=16);
        let one_way = rng.u8(..4) == 0;
        let mut tasks = Vec::new();
        for slot in 0..slots {
            let threads = rng.u8(..12) == 0;
            let (feeds, drains) = (Role::sender(slot), Role::receiver(slot));
            tasks.push((if threads { Kind::FeedingThread } else { Kind::Feeder }, vec![feeds]));
            tasks.push((if threads { Kind::DrainingThread } else { Kind::Drainer }, vec![drains]));
            for _ in 0..rng.usize(..3) {
                tasks.push((Kind::Feeder, vec![feeds]));
            }
        }
        let sole: Vec<bool> = (0..slots).map(|_| rng.u8(..4) == 0).collect();
        for _ in 0..mixed {
            let mut order: Vec<usize> = (0..slots).collect();
            rng.shuffle(&mut order);
            order.truncate(rng.usize(1..=4));
            let ports = order.into_iter().map(|slot| {
                let (sends, receives) = match rng.u8(..3) {
                    0 => (true, false),
                    1 => (false, true),
                    _ if one_way => (true, false),
                    _ => (true, true),
                };
                if sole[slot] { Role::sender(slot) } else { Role { slot, sends, receives } }
            });
            tasks.push((Kind::Mixed, ports.collect()));
        }
        let plans: Vec<Plan> = sole.into_iter().map(|sole| plan(&mut rng, sole)).collect();
        let register = Register::default();
        Self {
            slots: plans.iter().enumerate().map(|(index, &plan)| Slot::new(index, plan, &register)).collect(),
            register,
            boards: tasks.iter().map(|_| Board::default()).collect(),
            stop: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            churn: [300, 2_000, 20_000, 200_000][rng.usize(..4)],
            tasks,
            seed,
            reached: Mutex::default(),
        }
    }

    pub(crate) fn stopped(&self) -> bool {
        // Relaxed: a flag on its own.
        self.stop.load(Ordering::Relaxed)
    }

    /// The quota is reached: channels are not closed or replaced any more, and only feeders and drainers go on.
    pub(crate) fn is_calm(&self) -> bool {
        // Relaxed: a flag on its own.
        self.calm.load(Ordering::Relaxed)
    }

    pub(crate) fn ops(&self) -> u64 {
        // Relaxed, as all of the boards: they are for display, and read for good after the tasks were joined.
        self.boards.iter().map(|board| board.ops.load(Ordering::Relaxed)).sum()
    }

    fn turns(&self) -> Vec<u64> {
        self.boards.iter().map(|board| board.turns.load(Ordering::Relaxed)).collect()
    }

    /// Runs the mesh for about `quota` operations.
    pub(crate) async fn run(self: &Arc<Self>, quota: u64) -> Report {
        let mut threads = Vec::new();
        let mut tasks = Vec::new();
        for (me, (kind, roles)) in self.tasks.iter().enumerate() {
            let Some(actor) = Actor::new(me, *kind, roles, self, self.seed) else {
                self.boards[me].over.store(true, Ordering::Relaxed);
                continue;
            };
            match kind {
                Kind::FeedingThread | Kind::DrainingThread => {
                    threads.push(std::thread::spawn(move || threads::run(actor)));
                }
                _ => tasks.push(vela::task::spawn(actor.run())),
            }
        }
        let mut swept = 0;
        while self.ops() < quota {
            tokio::time::sleep(Duration::from_millis(1)).await;
            swept = self.sweep(swept, false);
        }
        // Each task must come round once more while all channels work: who does not was forgotten.
        self.calm.store(true, Ordering::Relaxed);
        *lock(&self.reached) = Some(self.turns());
        while !self.laggards().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            swept = self.sweep(swept, false);
        }
        self.stop.store(true, Ordering::Relaxed);
        self.slots.iter().for_each(Slot::shut);
        while self.boards.iter().any(|board| !board.over.load(Ordering::Relaxed)) {
            swept = self.sweep(swept, true);
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        for task in tasks {
            if let Err(error) = task.await {
                super::violation::violation(format_args!("{error}"));
            }
        }
        for thread in threads {
            if thread.join().is_err() {
                super::violation::violation(format_args!("a thread panicked"));
            }
        }
        self.judge()
    }

    /// Closes the channels from number `start` on that have been retired for a while (at the end: all), and gives the
    /// number before which all are closed.
    fn sweep(&self, start: usize, all: bool) -> usize {
        let mut done = start;
        for (index, epoch) in self.register.since(start).iter().enumerate() {
            let over = match epoch.retired() {
                Some(since) if all || since.elapsed() > GRACE => {
                    if let Some(tx) = epoch.sender() {
                        tx.close();
                    }
                    true
                }
                _ => false,
            };
            if over && start + index == done {
                done += 1;
            }
        }
        done
    }

    fn judge(&self) -> Report {
        let mut sum = Account::default();
        let epochs = self.register.since(0);
        for epoch in &epochs {
            let mut account = epoch.judge();
            account.sample.clear();
            sum.merge(account);
        }
        Report { ops: self.ops(), tasks: self.tasks.len(), epochs: epochs.len(), sum }
    }

    /// Tasks that are not over, with their turns; once the quota is reached, those alone that have not come round since.
    pub(crate) fn laggards(&self) -> Vec<(usize, u64)> {
        let reached = lock(&self.reached);
        let turns = self.turns().into_iter().enumerate();
        let lags = |&(me, turns): &(usize, u64)| {
            let over = self.boards[me].over.load(Ordering::Relaxed);
            !over && (self.stopped() || reached.as_ref().is_none_or(|reached| reached[me] == turns))
        };
        turns.filter(lags).collect()
    }

    /// What the tasks are at, for a round that hangs.
    pub(crate) fn tasks_in_words(&self) -> String {
        let mut text = String::new();
        for (me, ((kind, roles), board)) in std::iter::zip(&self.tasks, &self.boards).enumerate() {
            let doing = board.doing.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "task {me} {kind:?}: {} turns, {}{}; ports {}",
                board.turns.load(Ordering::Relaxed),
                super::actor::in_words(doing),
                if board.over.load(Ordering::Relaxed) { " (over)" } else { "" },
                roles.iter().map(|role| format!("{role:?}")).collect::<Vec<_>>().join(", ")
            );
        }
        text
    }

    /// What the channels that still have senders look like. Takes their locks.
    pub(crate) fn channels_in_words(&self) -> String {
        let mut text = String::new();
        for epoch in self.register.since(0) {
            if let Some(tx) = epoch.sender() {
                let _ = writeln!(
                    text,
                    "{epoch:?}: len {}, closed {}, senders {}, receivers {}, retired {}",
                    tx.len(),
                    tx.is_closed(),
                    tx.sender_count() - 1,
                    tx.receiver_count(),
                    epoch.retired().is_some()
                );
            }
        }
        text
    }
}

/// What a round came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) ops: u64,
    pub(crate) tasks: usize,
    pub(crate) epochs: usize,
    pub(crate) sum: Account,
}

fn plan(rng: &mut Rng, sole_receiver: bool) -> Plan {
    let capacity = [Some(0), Some(1), Some(2), Some(7), Some(64), None][rng.usize(..6)];
    let overflow = match (capacity, rng.u8(..12)) {
        (Some(1..), 0) => Overflow::DropOldest,
        (Some(1..), 1) => Overflow::DropNewest,
        (Some(_), 2) => Overflow::Reject,
        _ => Overflow::Block,
    };
    Plan { capacity, overflow, sole_receiver, patient: rng.bool() }
}
