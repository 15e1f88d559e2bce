//! Channels: one engine for rendezvous, bounded and unbounded. The protocol is in the README beside this file.

/// `Debug` that asks nothing of `T`.
macro_rules! opaque_debug {
    ($($name:ident<$($lifetime:lifetime,)? T>),+) => {$(
        impl<T> std::fmt::Debug for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
use opaque_debug;

mod berth;
mod buffer;
mod builder;
mod case;
mod closed;
mod ends;
mod error;
#[cfg(feature = "config")]
mod live;
mod permit;
mod pipe;
mod quick;
mod receiver;
mod recv;
mod send;
mod sender;
mod set;
mod state;
mod stream;
mod weak;

pub use crate::overflow::Overflow;
pub use builder::{Channel, ChannelBuilder, channel, unbounded};
pub use closed::Closed;
pub use error::{
    BuildError, RecvTimeoutError, SendError, SendErrorKind, SendTimeoutError, TryRecvError, TryReserveError,
    TrySendError,
};
pub use permit::{Permit, Reserve, ReserveError};
#[doc(hidden)]
pub use pipe::Pipe;
pub use receiver::{BlockingIter, Drain, Receiver};
pub use recv::{Recv, RecvMany, RecvTimeout};
pub use send::{Send, SendAll, SendFrom, SendTimeout};
pub use sender::Sender;
pub use set::{RecvFromSet, SelectSet};
pub use stream::{RecvStream, SendSink};
pub use weak::{WeakReceiver, WeakSender};
