//! A channel of the mesh, and the slot in which one channel follows another.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use vela::{Channel, Overflow, Receiver, Sender, WeakSender};

use super::account::{Account, Fate};
use super::value::{Value, watch};
use super::violation::violation;

/// What the channels of one slot have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// `None`: unbounded.
    pub(crate) capacity: Option<usize>,
    pub(crate) overflow: Overflow,
    /// Only one task receives.
    pub(crate) sole_receiver: bool,
    /// No receive on it is given up while it waits.
    pub(crate) patient: bool,
}

/// One channel, from its opening to its close.
pub(crate) struct Epoch {
    pub(crate) id: u32,
    pub(crate) slot: usize,
    pub(crate) plan: Plan,
    /// Each receiver must see each sender's values in order. Otherwise a value can come late: it was handed to a
    /// receiver that was then dropped, while somebody else got the next one.
    pub(crate) keeps_order: bool,
    account: Mutex<Account>,
    sender: WeakSender<Value>,
    retired: Mutex<Option<Instant>>,
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "channel {} (slot {}, capacity {:?}, {:?})",
            self.id, self.slot, self.plan.capacity, self.plan.overflow
        )
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Epoch {
    /// Whether its policy drops values.
    pub(crate) fn drops(&self) -> bool {
        matches!(self.plan.overflow, Overflow::DropOldest | Overflow::DropNewest)
    }

    /// Adds what one task did on this channel.
    pub(crate) fn settle(&self, part: Account) {
        lock(&self.account).merge(part);
    }

    pub(crate) fn judge(&self) -> Account {
        let mut account = lock(&self.account);
        account.judge(self);
        account.clone()
    }

    /// When nobody was to use it any more.
    pub(crate) fn retired(&self) -> Option<Instant> {
        *lock(&self.retired)
    }

    /// A sender, if there still is one.
    pub(crate) fn sender(&self) -> Option<Sender<Value>> {
        self.sender.upgrade()
    }
}

/// Both ends of the slot's channel.
#[derive(Debug)]
struct Ends {
    epoch: Arc<Epoch>,
    tx: Sender<Value>,
    rx: Receiver<Value>,
}

/// What a task gets of a slot's channel.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) generation: u32,
    pub(crate) epoch: Arc<Epoch>,
    pub(crate) tx: Option<Sender<Value>>,
    pub(crate) rx: Option<Receiver<Value>>,
}

/// A place in which channels follow each other.
pub(crate) struct Slot {
    plan: Plan,
    index: usize,
    generation: AtomicU32,
    ends: Mutex<Option<Ends>>,
}

impl Slot {
    pub(crate) fn new(index: usize, plan: Plan, register: &Register) -> Self {
        let ends = Mutex::new(register.open(index, plan));
        Self { plan, index, generation: AtomicU32::new(0), ends }
    }

    /// A number that changes with the channel.
    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        // Relaxed: whoever sees an old number uses the old channel a little longer.
        self.generation.load(Ordering::Relaxed)
    }

    /// The ends that a task uses of the channel that is there now. `None`: the round is over.
    pub(crate) fn ends(&self, sends: bool, receives: bool) -> Option<Lent> {
        let ends = lock(&self.ends);
        let Ends { epoch, tx, rx } = ends.as_ref()?;
        Some(Lent {
            generation: self.generation(),
            epoch: Arc::clone(epoch),
            tx: sends.then(|| tx.clone()),
            rx: receives.then(|| rx.clone()),
        })
    }

    /// Puts the next channel in, unless somebody has done so since `seen`.
    pub(crate) fn renew(&self, seen: u32, register: &Register) {
        let old = {
            let mut ends = lock(&self.ends);
            if self.generation() != seen || ends.is_none() {
                return;
            }
            let next = register.open(self.index, self.plan);
            if next.is_none() {
                return;
            }
            self.generation.store(seen.wrapping_add(1), Ordering::Relaxed);
            std::mem::replace(&mut *ends, next)
        };
        discard(old);
    }

    /// The round is over.
    pub(crate) fn shut(&self) {
        let old = lock(&self.ends).take();
        discard(old);
    }
}

/// Drops the slot's own ends; the last receiver takes the buffered values with it.
fn discard(ends: Option<Ends>) {
    let Some(Ends { epoch, tx, rx }) = ends else { return };
    *lock(&epoch.retired) = Some(Instant::now());
    let mut dropped = Vec::new();
    // Either end may be the last one.
    if epoch.id.is_multiple_of(2) {
        drop(tx);
        watch(&mut dropped, || drop(rx));
    } else {
        watch(&mut dropped, || drop(rx));
        drop(tx);
    }
    let mut account = Account::default();
    for id in dropped {
        if id.epoch() != epoch.id {
            violation(format_args!("{epoch:?} held a value of channel {}", id.epoch()));
        }
        account.note(id, Fate::Dropped);
    }
    epoch.settle(account);
}

/// All channels of a round.
#[derive(Default)]
pub(crate) struct Register {
    epochs: Mutex<Vec<Arc<Epoch>>>,
}

impl Register {
    fn open(&self, slot: usize, plan: Plan) -> Option<Ends> {
        let mut epochs = lock(&self.epochs);
        if epochs.len() >= super::value::MAX_EPOCHS {
            return None;
        }
        let (tx, rx) = match plan.capacity {
            None => vela::unbounded(),
            Some(capacity) => match Channel::bounded(capacity).overflow(plan.overflow).build() {
                Ok(ends) => ends,
                Err(error) => {
                    violation(format_args!("a channel could not be made: {error}"));
                    return None;
                }
            },
        };
        let epoch = Arc::new(Epoch {
            id: epochs.len() as u32,
            slot,
            plan,
            keeps_order: plan.sole_receiver || plan.patient,
            account: Mutex::default(),
            sender: tx.downgrade(),
            retired: Mutex::default(),
        });
        epochs.push(Arc::clone(&epoch));
        Some(Ends { epoch, tx, rx })
    }

    /// The channels from number `start` on.
    pub(crate) fn since(&self, start: usize) -> Vec<Arc<Epoch>> {
        lock(&self.epochs)[start..].to_vec()
    }
}
