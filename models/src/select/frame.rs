//! What a task does next: one frame per action of the code. The README's table names the function of each.

use super::state::{End, NodeId, Side, Val};

/// What a counterpart does with a waiter that it has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// `serve_senders`: the sender's value moves into the buffer.
    Store,
    /// `serve_receivers`: the oldest value goes to the receiver. True: that has made room before.
    Serve(bool),
    /// `hand_over`: this value goes to the receiver.
    HandOver(Val),
    /// `take_from_sender`.
    Take,
    /// `close`: the waiter is told.
    Shut,
}

/// What a task does next. `c` is a channel; `arm` an arm of the task's own operation; `at` a place in a list or in the
/// order of the arms, which `flip` reverses; `me`: the own operation's nodes are passed over; `park`: the owner goes to
/// sleep if the look finds nothing; `deed`: what is done with the waiter that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields mean the same in all frames; the line above says what")]
pub enum Frame {
    // ---- the owner ----
    /// The first look at the arms; the order is drawn here.
    Start,
    /// `visit`: the look at the `at`-th arm of the order.
    Visit { at: u8, flip: bool },
    /// `attempt`, first half: reads the channel's word.
    Attempt { arm: u8 },
    /// What the look at this arm gave.
    Visited { at: u8, flip: bool },
    /// `else`: one round of the double collect. `old`: the versions of the round before.
    Collect { arm: u8, round: u8, sum: u8, maybe: bool, old: Option<u8> },
    /// `enroll` of this arm.
    Enrol { arm: u8 },
    /// In the section of `enroll`: links the node if the look gave nothing.
    Link { arm: u8 },
    /// What `enroll` gave.
    Enrolled { arm: u8 },
    /// `Claim::park`.
    Park,
    /// `Claim::rearm`.
    Rearm,
    /// `look_locked`; the order is drawn here.
    LookAll { park: bool },
    /// … takes one of the locks.
    EnterAll { c: u8 },
    /// … looks at the `at`-th arm of the order, under all locks.
    LookNext { at: u8, flip: bool, park: bool },
    /// … writes the channel's word.
    Publish { c: u8 },
    /// … what this look gave; after the last: stores `WAITING`, unlocks.
    Found { at: u8, flip: bool, park: bool },
    /// … after the wakes.
    LookedAll { found: Option<u8>, park: bool },
    /// The planted livelock: looks again at one arm after the other.
    LookAgain { arm: u8 },
    /// What that look gave.
    LookedAgain { arm: u8 },
    /// The future is pending.
    Asleep,
    /// `Claim::phase`.
    Phase,
    /// `Case::settle`: waits for the lock of the channel whose section claims it.
    Settle { c: u8 },
    /// `Claim::hold`.
    Hold,
    /// `withdraw` of this arm; of one arm only, or of all from it on.
    Withdraw { arm: u8, all: bool },
    /// In the section of `withdraw`: unlinks the node, or gives back.
    Delist { arm: u8 },
    /// The claim can be used again: start anew.
    Restart,
    /// The operation is over.
    Over(End),
    /// Wakes whoever has been completed in the section before.
    WakeAll,
    /// Wakes one.
    Wake { task: u8 },

    // ---- a critical section of a channel ----
    /// Takes the lock.
    Enter { c: u8 },
    /// `Operation::look`.
    Look { arm: u8, me: bool },
    /// Writes the word and unlocks.
    Leave { c: u8 },
    /// `State::push`.
    Push { arm: u8, v: Val, me: bool },
    /// … after `settle`.
    PushOn { arm: u8, v: Val, me: bool },
    /// `State::settle`, and `serve_senders` at its head.
    ServeSenders { c: u8 },
    /// `serve_receivers`.
    ServeReceivers { c: u8, made_room: bool },
    /// `State::close`, after `settle`.
    Shut { c: u8 },
    /// `List::claim_first` from the `at`-th node on.
    ClaimFirst { c: u8, side: Side, at: u8, me: bool, deed: Deed },
    /// `Claim::try_claim`.
    TryClaim { c: u8, side: Side, at: u8, me: bool, deed: Deed },
    /// The planted claim by load and store: the store.
    ClaimStore { c: u8, side: Side, at: u8, deed: Deed },
    /// `Claim::complete`.
    Complete { c: u8, side: Side, node: NodeId, deed: Deed },
}

/// How a frame counts among the steps of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only what the task alone may touch, or what its lock protects: part of the step that led here.
    Local,
    /// Begins a step, together with the action that follows: draws an order, or takes a lock.
    Opens,
    /// An action that other tasks can see: exactly one of these is in each step.
    Acts,
}

impl Frame {
    /// How it counts.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Start | Self::LookAll { .. } | Self::Enter { .. } | Self::Settle { .. } | Self::Asleep => Kind::Opens,
            Self::Attempt { .. }
            | Self::Collect { .. }
            | Self::Park
            | Self::Rearm
            | Self::EnterAll { .. }
            | Self::Publish { .. }
            | Self::Phase
            | Self::Hold
            | Self::Wake { .. }
            | Self::Leave { .. }
            | Self::TryClaim { .. }
            | Self::ClaimStore { .. }
            | Self::Complete { .. } => Kind::Acts,
            _ => Kind::Local,
        }
    }

    /// The lock that it waits for.
    #[must_use]
    pub fn waits_for(&self) -> Option<u8> {
        match *self {
            Self::Enter { c } | Self::EnterAll { c } | Self::Settle { c } => Some(c),
            _ => None,
        }
    }
}
