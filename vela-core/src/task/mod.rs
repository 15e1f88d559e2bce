//! Tasks and their structure: starting, joining and cancelling them, scopes and groups.
//!
//! # What a task runs on
//!
//! Tasks run in the workers of the current Tokio runtime, on a run queue of Vela's own: one Tokio task per worker polls them.
//! Sockets, timers, `tokio::spawn`, `spawn_blocking`, `block_in_place` and Tokio's cooperative budget work in them as in a task
//! of Tokio's, and they end with the runtime.
//!
//! - **Order.** Tasks that are woken by tasks of the same worker run first come, first served, and stay on that worker while it has
//!   not too much to do; so two tasks that talk to each other stay together. A task that has waited for one message, and is sent
//!   it, goes before the others, at most three times in a row. No order is promised.
//! - **Fairness.** After 200 µs of Vela's tasks, Tokio's driver and Tokio's tasks have their turn, and in turn leave one to them.
//!   A poll that takes long holds up what waits behind it for some milliseconds at most, if another worker has nothing to do.
//! - **Different from `tokio::spawn`:** `tokio::task::id()` is that of the worker's runner, and may be the same in many tasks (use
//!   [`current()`]); `tokio-console` and the runtime's metrics see the runners. At most 64 tasks of a
//!   runtime may block their threads at once (`block_in_place`), 512 of Tokio's. The thread `vela-monitor` is started with the first
//!   runtime that has several workers, and sleeps while there is nothing to do.
//!
//! [`RunQueue`] turns it off: then each task is one of Tokio's.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! # vela::block_on(async {
//! let task = vela::task::spawn(async { 6 * 7 });     // `go! { 6 * 7 }`
//! assert_eq!(task.await?, 42);                       // `(<-task)?` inside `vela!`
//! # Ok::<(), vela::task::TaskError>(())
//! # }).unwrap();
//! ```

mod builder;
mod current;
mod error;
mod external;
mod group;
mod handle;
mod nursery;
mod panic;
mod run;
mod scope;
pub(crate) mod via;

pub use builder::{TaskBuilder, spawn, spawn_blocking, yield_now};
pub use current::{TaskId, TaskInfo, current};
pub use error::{Panic, TaskError};
pub use external::{OnCancel, Work, WorkEnd};
pub use group::Group;
#[doc(hidden)]
pub use handle::Canceller;
pub use handle::{Join, Task};
pub use nursery::Host;
pub use panic::panic_count;
pub use scope::{Scope, ScopeOutput, scope};
pub use via::Verdict;

pub use crate::rt::RunQueue;
