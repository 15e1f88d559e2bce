//! A task of the mesh: what it has, and the loop in which it does one random operation after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fastrand::Rng;

use super::port::{Port, Role};
use super::value::Id;
use super::violation::violation;
use super::world::World;

/// What a task is there for. Each slot has a feeder and a drainer of its own, which wait for that slot alone: so every
/// operation of every task ends some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sends on one slot.
    Feeder,
    /// Receives on one slot.
    Drainer,
    /// Does everything on several slots.
    Mixed,
    /// A feeder on a thread, with the blocking calls.
    FeedingThread,
    /// A drainer on a thread.
    DrainingThread,
}

/// The kinds of operations, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Op {
    Nothing,
    Send,
    TrySend,
    SendAll,
    CancelSend,
    CancelSendFrom,
    CancelSendAll,
    Reserve,
    TryReserve,
    CancelReserve,
    SendTimeout,
    Sink,
    SelectSend,
    Recv,
    TryRecv,
    RecvMany,
    CancelRecv,
    CancelRecvMany,
    RecvTimeout,
    CancelBunch,
    Drain,
    Stream,
    Set,
    Any,
    SelectTwo,
    SelectEight,
    SelectLending,
    SelectElse,
    SelectFuture,
    SelectBuilt,
    CancelSelect,
    Blocking,
}

const OPS: [Op; 32] = {
    use Op::*;
    [
        Nothing,
        Send,
        TrySend,
        SendAll,
        CancelSend,
        CancelSendFrom,
        CancelSendAll,
        Reserve,
        TryReserve,
        CancelReserve,
        SendTimeout,
        Sink,
        SelectSend,
        Recv,
        TryRecv,
        RecvMany,
        CancelRecv,
        CancelRecvMany,
        RecvTimeout,
        CancelBunch,
        Drain,
        Stream,
        Set,
        Any,
        SelectTwo,
        SelectEight,
        SelectLending,
        SelectElse,
        SelectFuture,
        SelectBuilt,
        CancelSelect,
        Blocking,
    ]
};

/// [`super::world::Board::doing`] in words.
pub(crate) fn in_words(doing: u32) -> String {
    format!("{:?} on slot {}", OPS[(doing & 0xFF) as usize % OPS.len()], doing >> 8)
}

/// See the [module](self).
pub(crate) struct Actor {
    pub(crate) world: Arc<World>,
    pub(crate) rng: Rng,
    pub(crate) ports: Vec<Port>,
    pub(crate) kind: Kind,
    me: usize,
    ops: u64,
    turns: u64,
}

impl Actor {
    pub(crate) fn new(me: usize, kind: Kind, roles: &[Role], world: &Arc<World>, seed: u64) -> Option<Self> {
        let tasks = world.boards.len();
        let ports = roles.iter().map(|&role| Port::open(me, tasks, role, world)).collect::<Option<Vec<_>>>()?;
        let rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(me as u64));
        Some(Self { world: Arc::clone(world), rng, ports, kind, me, ops: 0, turns: 0 })
    }

    pub(crate) async fn run(mut self) {
        while self.next_turn() {
            match self.kind {
                Kind::Feeder => self.send_on(0).await,
                Kind::Drainer => self.receive_on(0).await,
                _ => self.mix().await,
            }
            if self.turns.is_multiple_of(32) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Starts a turn, with the channels that are there now. False: the round is over.
    pub(crate) fn next_turn(&mut self) -> bool {
        self.turns += 1;
        let board = &self.world.boards[self.me];
        // Relaxed: see `World::ops`.
        board.ops.store(self.ops, Ordering::Relaxed);
        board.turns.store(self.turns, Ordering::Relaxed);
        let calm = self.world.is_calm();
        if calm && self.kind == Kind::Mixed {
            // Nobody is left who could do what a forgotten feeder or drainer waits for.
            return false;
        }
        if !calm && self.rng.u32(..self.world.churn) == 0 {
            self.churn();
        }
        !self.world.stopped()
            && self.ports.iter_mut().all(|port| !port.is_stale(&self.world) || port.refresh(&self.world))
    }

    /// Closes a channel, or puts another in its place while it is in use.
    fn churn(&mut self) {
        let port = &self.ports[self.rng.usize(..self.ports.len())];
        if self.rng.bool() {
            let was_open = match (&port.tx, &port.rx) {
                (Some(tx), _) => tx.close(),
                (None, Some(rx)) => rx.close(),
                (None, None) => false,
            };
            let closed = port.tx.as_ref().is_none_or(|tx| tx.is_closed() && !tx.close());
            if !closed {
                violation(format_args!("{:?} is open after close() (which said {was_open})", port.page.epoch));
            }
        }
        port.renew(&self.world);
    }

    async fn mix(&mut self) {
        if self.rng.bool() {
            return self.select().await;
        }
        let index = self.rng.usize(..self.ports.len());
        let port = &self.ports[index];
        match (port.tx.is_some(), port.rx.is_some()) {
            (true, true) if self.rng.bool() => self.send_on(index).await,
            (_, true) => self.receive_on(index).await,
            _ => self.send_on(index).await,
        }
    }

    /// Notes what the task is about to do.
    #[inline]
    pub(crate) fn doing(&mut self, op: Op, index: usize) {
        let slot = self.ports[index].role.slot as u32;
        // Relaxed: see `World::ops`.
        self.world.boards[self.me].doing.store(op as u32 | slot << 8, Ordering::Relaxed);
    }

    /// Counts operations.
    #[inline]
    pub(crate) fn count(&mut self, ops: usize) {
        self.ops += ops as u64;
    }

    /// Values were dropped on the way. `given_up`: sends of this task may have been dropped with their values.
    pub(crate) fn note_dropped(&mut self, dropped: Vec<Id>, given_up: bool) {
        for id in dropped {
            match self.ports.iter_mut().find(|port| port.page.epoch.id == id.epoch()) {
                Some(port) => port.page.dropped(id, given_up),
                None => violation(format_args!("task {} dropped {id:?} of a channel that it does not use", self.me)),
            }
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.ports.clear();
        let board = &self.world.boards[self.me];
        board.ops.store(self.ops, Ordering::Relaxed);
        board.over.store(true, Ordering::Relaxed);
    }
}
