//! What most programs need: `use vela::prelude::*;`.

#[cfg(feature = "macros")]
pub use crate::{go, select, vela};

pub use crate::context::Context;
pub use crate::sync::WaitGroup;
pub use crate::task::{Group, Scope, Task, TaskError, scope};
pub use crate::time::{after, ms, secs, sleep, tick, timeout};
pub use crate::{Channel, Overflow, Receive, Receiver, Sender, Transmit, any, channel, unbounded};
