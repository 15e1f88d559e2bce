//! Actors and supervision on Vela's channels and tasks.
//!
//! An [`Actor`] is state with a mailbox, and a task that handles one message after the other. An [`Address`] is where it is
//! reached, and stays good over restarts. Who supervises it decides what becomes of a failure: an `Err` or a panic, in whichever
//! method.
//!
//! ```
//! use vela::actor::{Actor, ActorContext, Call, Message, Request, Strategy, System, child};
//! use vela::time::secs;
//!
//! struct Withdraw(u64);
//! struct Balance;
//!
//! impl Request for Balance {
//!     type Reply = u64;
//! }
//!
//! #[derive(Message)]                                 // writes `From<Withdraw>` and `From<Call<Balance>>`
//! enum AccountMsg {
//!     Withdraw(Withdraw),
//!     Balance(Call<Balance>),
//! }
//!
//! struct Account(u64);
//!
//! impl Actor for Account {
//!     type Message = AccountMsg;
//!     type Error = &'static str;
//!
//!     async fn handle(&mut self, message: AccountMsg, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
//!         match message {
//!             AccountMsg::Withdraw(Withdraw(n)) => self.0 = self.0.checked_sub(n).ok_or("overdrawn")?,
//!             AccountMsg::Balance(call) => call.reply(self.0),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # vela::block_on(async {
//! let bank = System::with("bank", Strategy::OneForOne)?;
//! let account = bank.spawn(child("alice").shutdown(secs(1)), || Account(100))?;
//! account.send(Withdraw(30)).await.unwrap();         // `account <- Withdraw(30)` inside `vela!`
//! assert_eq!(account.ask(Balance).await?, 70);       // `<-account.ask(Balance)`
//!
//! account.send(Withdraw(300)).await.unwrap();        // fails, and is restarted by its factory
//! assert_eq!(account.ask(Balance).await?, 100);
//! bank.shutdown().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! Programs use this crate as `vela::actor` (feature `actor` of `vela`).
//!
//! # What may be relied on
//!
//! * Messages of one sender are handled in order, each at most once. A message whose handler failed is not handled again; those
//!   behind it are, by the next run.
//! * An [ask](Address::ask) has an answer or an error, never silence: it has a deadline, and an ask that would close a circle of
//!   handlers that wait for each other fails at once, also if their asks have crossed.
//! * Mail that an actor has when it is stopped is dropped with it, counted and told by an event, or handled first
//!   ([`ChildSpec::drain`]). A failure is told by an event and in the log; without a log the first of many in a row, and each that is for
//!   good, has a line on the standard error output.
//! * At most one run of an actor exists at a time: the old one is wholly gone, its children too, before the new one begins.
//! * Children stop in exact reverse order of their start, one after the other, each within its own shutdown time; side by side only
//!   where [`stop_together`](Supervision::stop_together) says so. (A time that was given to an actor above them is for them, too.)
//! * With `panic = "abort"` a panic ends the process, as everywhere: then only an `Err` is a failure that can be answered.

mod actor;
mod address;
mod ages;
mod ask;
mod attach;
mod cell;
mod chain;
mod context;
mod deadline;
pub mod events;
mod exit;
#[cfg(feature = "metrics")]
pub mod export;
mod identity;
mod inbox;
mod incarnation;
mod lanes;
mod mailbox;
mod message;
mod panics;
pub mod prelude;
mod recipient;
pub mod registry;
mod reply;
#[cfg(feature = "serde")]
mod seconds;
mod signals;
mod spawn;
mod supervise;
mod system;
mod tell_error;
pub mod tree;
mod waiting;

pub use actor::Actor;
pub use address::{Address, Tell, WeakAddress, spawn};
pub use ask::{Ask, AskError, Asked};
pub use attach::{Attach, Values};
pub use context::{ActorContext, StashFull};
pub use exit::{Exit, Failure, FailureKind, Phase};
pub use identity::ActorId;
pub use inbox::{Inbox, InboxRecv};
pub use lanes::{Notice, Terminated, TimerKey};
pub use message::{MessageFor, RequestFor};
pub use recipient::Recipient;
pub use reply::{Call, Reply, Request};
pub use spawn::Spawn;
pub use supervise::{
    AutoShutdown, Cause, ChildError, ChildSpec, Children, Decision, Escalation, GetChildren, RestartType, Shutdown,
    SpawnError, SpecError, Strategy, Supervision, Supervisor, SupervisorMessage, child,
};
pub use system::System;
pub use tell_error::TellError;
pub use tree::{ActorState, TreeSnapshot};

/// Named by types that are public. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::mailbox::Envelope;
}
