//! A task's access to one slot: its ends of the channel, and its page of the channel's books.

use std::sync::Arc;

use vela::{Receiver, Sender};

use super::account::{Account, Fate};
use super::epoch::{Epoch, Lent};
use super::value::{Id, Value, watch};
use super::violation::violation;
use super::world::World;

/// What a task notes of a channel.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) epoch: Arc<Epoch>,
    pub(crate) account: Account,
    me: usize,
    seq: u32,
    /// The last sequence number seen of each sender.
    last: Vec<u32>,
}

impl Page {
    /// The next value.
    #[inline]
    pub(crate) fn make(&mut self) -> Value {
        self.seq += 1;
        let id = Id::new(self.me, self.epoch.id, self.seq);
        self.account.note(id, Fate::Created);
        Value::new(id)
    }

    /// A value was received.
    #[inline]
    pub(crate) fn got(&mut self, value: Value) {
        let id = value.into_id();
        self.account.note(id, Fate::Received);
        if id.epoch() != self.epoch.id {
            violation(format_args!("{:?} gave a value of channel {}", self.epoch, id.epoch()));
            return;
        }
        let last = &mut self.last[id.sender()];
        if id.seq() > *last {
            *last = id.seq();
        } else if id.seq() == *last {
            violation(format_args!("{:?} gave {id:?} twice", self.epoch));
        } else {
            self.account.late += 1;
        }
    }

    /// A value came back unsent.
    #[inline]
    pub(crate) fn back(&mut self, value: Value) {
        let id = value.into_id();
        if id.epoch() != self.epoch.id || id.sender() != self.me {
            violation(format_args!("{:?} handed {id:?} back to task {}", self.epoch, self.me));
        }
        self.account.note(id, Fate::Returned);
    }

    /// A value was dropped by the channel's policy or, if sends of this task were given up, with one of those.
    pub(crate) fn dropped(&mut self, id: Id, given_up: bool) {
        if id.epoch() != self.epoch.id || !(self.epoch.drops() || (given_up && id.sender() == self.me)) {
            violation(format_args!("task {} dropped {id:?} in {:?}", self.me, self.epoch));
        }
        self.account.note(id, Fate::Dropped);
    }

    /// Values were dropped with the last receiver.
    pub(crate) fn swept(&mut self, dropped: Vec<Id>) {
        for id in dropped {
            if id.epoch() != self.epoch.id {
                violation(format_args!("{:?} held a value of channel {}", self.epoch, id.epoch()));
            }
            self.account.note(id, Fate::Dropped);
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) tx: Option<Sender<Value>>,
    pub(crate) rx: Option<Receiver<Value>>,
    pub(crate) page: Page,
    pub(crate) role: Role,
    generation: u32,
}

/// Which ends a task has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) slot: usize,
    pub(crate) sends: bool,
    pub(crate) receives: bool,
}

impl Role {
    pub(crate) fn sender(slot: usize) -> Self {
        Self { slot, sends: true, receives: false }
    }

    pub(crate) fn receiver(slot: usize) -> Self {
        Self { slot, sends: false, receives: true }
    }
}

impl Port {
    /// `None`: the round is over.
    pub(crate) fn open(me: usize, tasks: usize, role: Role, world: &World) -> Option<Self> {
        let Lent { generation, epoch, tx, rx } = world.slots[role.slot].ends(role.sends, role.receives)?;
        let page = Page { epoch, account: Account::default(), me, seq: 0, last: vec![0; tasks] };
        Some(Self { tx, rx, page, role, generation })
    }

    /// Whether another channel has taken this one's place.
    #[inline]
    pub(crate) fn is_stale(&self, world: &World) -> bool {
        world.slots[self.role.slot].generation() != self.generation
    }

    /// Goes over to the slot's channel of now. False: the round is over.
    pub(crate) fn refresh(&mut self, world: &World) -> bool {
        if !self.is_stale(world) {
            return true;
        }
        self.close_page();
        let Some(lent) = world.slots[self.role.slot].ends(self.role.sends, self.role.receives) else { return false };
        let Lent { generation, epoch, tx, rx } = lent;
        self.generation = generation;
        self.page.epoch = epoch;
        self.page.seq = 0;
        self.page.last.fill(0);
        self.tx = tx;
        self.rx = rx;
        true
    }

    /// Opens the slot's next channel.
    pub(crate) fn renew(&self, world: &World) {
        world.slots[self.role.slot].renew(self.generation, &world.register);
    }

    /// Gives up the ends, and settles the books.
    pub(crate) fn close_page(&mut self) {
        if let Some(rx) = self.rx.take() {
            // What is there can still be had, in order.
            let mut left = if self.page.epoch.id.is_multiple_of(4) { 1000 } else { 0 };
            while left > 0
                && let Ok(value) = rx.try_recv()
            {
                self.page.got(value);
                left -= 1;
            }
            let mut dropped = Vec::new();
            watch(&mut dropped, || drop(rx));
            self.page.swept(dropped);
        }
        self.tx = None;
        let account = std::mem::take(&mut self.page.account);
        self.page.epoch.settle(account);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close_page();
    }
}
