//! Actors and supervision for Vela.

mod actor;
mod address;
mod ask;
mod attach;
mod cell;
mod chain;
mod context;
mod deadline;
mod exit;
mod inbox;
mod incarnation;
mod lanes;
mod panics;
mod recipient;
mod reply;
mod signals;
mod spawn;
mod supervise;
mod system;
mod tree;

pub use actor::Actor;
pub use address::{Address, Tell, WeakAddress, spawn};
pub use ask::{Ask, AskError};
pub use attach::{Attach, Values};
pub use cell::ActorId;
pub use context::{ActorContext, StashFull};
pub use exit::{Exit, Failure, FailureKind, Phase};
pub use inbox::{Inbox, InboxRecv};
pub use lanes::{Notice, Terminated, TimerKey};
pub use recipient::Recipient;
pub use reply::{Call, Reply, Request};
pub use spawn::Spawn;
pub use supervise::{
    AutoShutdown, Cause, ChildError, ChildInfo, ChildSpec, Children, Decision, Escalation, GetChildren, RestartType,
    Shutdown, SpawnError, SpecError, Strategy, Supervision, Supervisor, SupervisorMessage, child,
};
pub use system::System;
pub use tree::ActorState;

/// Named by types that are public. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::cell::Envelope;
}
