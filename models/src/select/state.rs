//! What a model consists of: channels, tasks, and the ghost variables on which the properties decide.

use super::frame::Frame;

/// A value; each is sent once.
pub type Val = u8;

/// One arm of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arm {
    /// Sends this value into this channel.
    Send(u8, Val),
    /// Receives from this channel.
    Recv(u8),
}

impl Arm {
    /// The channel.
    #[must_use]
    pub fn chan(self) -> u8 {
        let (Self::Send(chan, _) | Self::Recv(chan)) = self;
        chan
    }
}

/// What a task does next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Op {
    /// A single send or receive: `One`.
    One(Arm),
    /// `select!` with up to two arms: `Selector`.
    Select(Vec<Arm>),
    /// `select!` with `else`.
    SelectElse(Vec<Arm>),
    /// Closes a channel.
    Close(u8),
}

impl Op {
    /// Its arms.
    #[must_use]
    pub fn arms(&self) -> &[Arm] {
        match self {
            Self::One(arm) => std::slice::from_ref(arm),
            Self::Select(arms) | Self::SelectElse(arms) => arms,
            Self::Close(_) => &[],
        }
    }
}

/// The claim word (`Claim::word`). The key of a model's node is its arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// The owner is awake; true: a counterpart has passed over it.
    Busy(bool),
    /// The owner sleeps.
    Waiting,
    /// A counterpart writes the packet of this arm.
    Claimed(u8),
    /// The outcome is written.
    Done(u8),
}

/// What a counterpart has done for a node (`Outcome`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing.
    Pending,
    /// The value is in the packet, or was taken out of it.
    Served,
    /// The channel closed.
    Closed,
}

/// A node with its packet, in the future of the operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// The value to send, or the one that was handed over.
    pub value: Option<Val>,
    /// Its place in the order of sending.
    pub ticket: u8,
    /// What a counterpart has done.
    pub outcome: Outcome,
    /// `Berth::enrolled`.
    pub enrolled: bool,
    /// `Slot::enabled`.
    pub enabled: bool,
}

/// Which node: of which task, which of its operations, which arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId {
    /// The owner.
    pub task: u8,
    /// The owner's operation: a node of one that has ended is freed memory.
    pub op: u8,
    /// The arm.
    pub arm: u8,
}

/// Which list of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The waiting senders.
    Senders,
    /// The waiting receivers.
    Receivers,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chan {
    /// Who holds the lock.
    pub lock: Option<u8>,
    /// Values, oldest first.
    pub buffer: Vec<Val>,
    /// Values that came back, by ticket.
    pub returned: Vec<(u8, Val)>,
    /// Waiting senders.
    pub senders: Vec<NodeId>,
    /// Waiting receivers.
    pub receivers: Vec<NodeId>,
    /// The next ticket.
    pub handed: u8,
    /// No value comes in any more.
    pub closed: bool,
    /// Places in the buffer.
    pub capacity: u8,
    /// `Chan::word`: the version (counted only where an `else` reads it) …
    pub version: u8,
    /// … and the bit RECEIVE …
    pub may_recv: bool,
    /// … and the bit SEND.
    pub may_send: bool,
}

impl Chan {
    /// `State::len`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len() + self.returned.len()
    }

    /// Whether no value is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `State::has_room`.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.buffer.len() < usize::from(self.capacity)
    }

    /// One of the two lists.
    pub fn list(&mut self, side: Side) -> &mut Vec<NodeId> {
        match side {
            Side::Senders => &mut self.senders,
            Side::Receivers => &mut self.receivers,
        }
    }

    /// `Chan::publish`.
    pub fn publish(&mut self, versions: bool) {
        self.version += u8::from(versions);
        self.may_recv = self.closed || !self.is_empty() || !self.senders.is_empty();
        self.may_send = self.closed || self.has_room() || !self.receivers.is_empty();
    }
}

/// What a look gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hand {
    /// Not ready.
    Nothing,
    /// A value was received.
    Value(Val),
    /// The value was sent.
    Sent,
    /// The channel is closed.
    Shut,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// This arm fired.
    Fired(u8),
    /// The `else` arm ran.
    Else,
    /// The channel was closed, or every arm disabled.
    Closed,
    /// The future was dropped while it waited.
    Cancelled,
    /// `close` is done.
    Close,
}

/// A task, with the future that it polls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Task {
    /// Which operation of its script it is at.
    pub op: u8,
    /// The claim word of this operation.
    pub word: Word,
    /// Whether a waker is in the claim.
    pub waker: bool,
    /// A node per arm.
    pub nodes: Vec<Node>,
    /// What it does next, the last first. Empty: it has come to its end.
    pub stack: Vec<Frame>,
    /// Whether the executor is to poll it.
    pub woken: bool,
    /// Wakers it has collected under a lock.
    pub wakes: Vec<u8>,
    /// What the last look gave.
    pub hand: Hand,
    /// How often it may still be cancelled.
    pub cancels: u8,
    /// How often it may still be polled without having been woken.
    pub polls: u8,
    /// Values that it has received.
    pub got: Vec<Val>,
    /// Values that it has not sent and has still, or dropped knowingly.
    pub kept: Vec<Val>,
    /// How its operations ended.
    pub ends: Vec<End>,
    /// Ghost: how many arms of this operation have had their effect.
    pub effects: u8,
    /// Ghost: at some instant of this operation no arm was ready.
    pub calm: bool,
}

impl Task {
    /// Whether it sleeps in a future that is pending.
    #[must_use]
    pub fn asleep(&self) -> bool {
        self.stack.last() == Some(&Frame::Asleep)
    }
}

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Not exactly one arm has had its effect.
    Winners,
    /// A counterpart has touched a node of an operation that has ended.
    Touched,
    /// `else` ran, and at every instant some arm was ready.
    Else,
    /// A value went away.
    Lost(Val),
    /// A value is in two places.
    Twice(Val),
    /// A node is linked whose owner has left.
    Leak,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The channels; the index stands for the address, by which locks are sorted.
    pub chans: Vec<Chan>,
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Ghost: what went wrong. Nothing happens after it.
    pub fault: Option<Fault>,
}
