//! The runtime of Vela: channels, the select engine, tasks, scopes, contexts and time. Use it through the crate `vela`,
//! which adds the macros.

pub mod broadcast;
pub mod bus;
mod chan;
#[cfg(feature = "config")]
pub mod config;
pub mod context;
mod error;
pub mod flow;
mod lock;
pub mod monitor;
pub mod oneshot;
pub mod ops;
mod overflow;
mod rt;
pub mod select;
pub mod settings;
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;
mod waitlist;
pub mod watch;

pub use chan::{
    BlockingIter, BuildError, Channel, ChannelBuilder, Closed, Drain, Overflow, Permit, Receiver, Recv, RecvFromSet,
    RecvMany, RecvStream, RecvTimeout, RecvTimeoutError, Reserve, ReserveError, SelectSet, Send, SendAll, SendError,
    SendErrorKind, SendFrom, SendSink, SendTimeout, SendTimeoutError, Sender, TryRecvError, TryReserveError,
    TrySendError, WeakReceiver, WeakSender, channel, unbounded,
};
pub use error::{Error, Result};
pub use ops::{Receive, Transmit};
pub use rt::{RuntimeOptions, block_on};
pub use select::{Select, any};

/// What the macros' expansions name. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::chan::Pipe;
    pub use crate::monitor::{Durations, Measured};
    pub use crate::ops::{FutureExt, ReceiveExt, SentExt, TransmitExt, ValuesExt, given, next_item};
    pub use crate::rt::{
        RunQueue, RuntimeOptions, Site, block_on_main, block_on_test, charge, draw, may_block, operation, panic_text,
        poll_has_budget, say, seam, wait_on_thread,
    };
    pub use crate::select::{
        AGAIN, CLOSED, ELSE, Every, ForeignPlace, Mode, OwnPlace, Place, Quick, Selector, every, lend, lend_every, one,
        quick, sent, unreachable_arm, values,
    };
    pub use crate::task::via::*;
    pub use crate::task::{TaskBuilder, spawn};
}
