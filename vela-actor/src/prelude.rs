//! What nearly every file with actors imports: `use vela::actor::prelude::*;`.
//!
//! The trait, all types in the signatures of its methods, addresses and requests, and what starts and supervises actors. It goes with
//! `vela::prelude::*`, where it clashes with nothing; by the facade the derive `Message` is in it, too.
//!
//! # Examples
//!
//! ```
//! use vela::actor::prelude::*;
//!
//! struct Double(u32);
//!
//! impl Request for Double {
//!     type Reply = u32;
//! }
//!
//! struct Doubler;
//!
//! impl Actor for Doubler {
//!     type Message = Call<Double>;
//!     type Error = std::convert::Infallible;
//!
//!     async fn handle(&mut self, call: Call<Double>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
//!         call.reply_with(|Double(n)| 2 * n);
//!         Ok(())
//!     }
//! }
//!
//! # vela::block_on(async {
//! let system = System::with("sums", Strategy::OneForOne)?;
//! let doubler: Address<Doubler> = system.spawn(child("doubler"), || Doubler)?;
//! assert_eq!(doubler.ask(Double(21)).await?, 42);
//! system.shutdown().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

pub use crate::{
    Actor, ActorContext, Address, AskError, Call, Exit, Failure, Inbox, Recipient, Request, Strategy, Supervision,
    Supervisor, System, TellError, Terminated, child, spawn,
};
