//! Go's context: a signal to stop, with its cause, deadline and values, for everything that works on one thing.
//!
//! A context only signals. What works on its behalf looks at it (`<-ctx.done()`, [`Context::err`]) and ends by itself;
//! to have tasks dropped, use a [scope](crate::task::scope) or [`Task::cancel`](crate::task::Task::cancel).
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! use vela::context::Context;
//!
//! # vela::block_on(async {
//! let ctx = Context::background().with_cancel();
//! let worker = vela::task::spawn({
//!     let ctx = ctx.clone();
//!     async move { ctx.done().await }       // `<-ctx.done()` inside `vela!` and `select!`
//! });
//! ctx.cancel();
//! assert!(worker.await.is_ok());
//! # });
//! ```

pub(crate) mod ambient;
mod done;
mod error;
mod run;
mod tree;

pub use done::{Done, DoneFuture};
pub use error::{Cause, ContextError};
pub use run::InContext;
pub use tree::Context;
