//! Tasks and their structure: starting, joining and cancelling them, scopes and groups.
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
pub use group::Group;
pub use handle::{Join, Task};
pub use nursery::Host;
pub use panic::panic_count;
pub use scope::{Scope, ScopeOutput, scope};
pub use via::Verdict;

pub use crate::rt::RunQueue;
