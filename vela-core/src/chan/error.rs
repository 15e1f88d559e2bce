//! What channel operations fail with. Errors of sends hand the value back and need no `T: Debug`.

use std::error::Error;
use std::fmt;

/// Why a send failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// Nobody can receive any more.
    Closed,
    /// The channel was full, and its policy is [`Reject`](super::Overflow::Reject) or
    /// [`Retry`](super::Overflow::Retry).
    Full,
    /// The channel stayed full for as long as its policy [`Timeout`](super::Overflow::Timeout) allows.
    TimedOut,
}

/// A send failed; here is the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T> {
    kind: SendErrorKind,
    value: T,
}

impl<T> SendError<T> {
    pub(crate) fn new(kind: SendErrorKind, value: T) -> Self {
        Self { kind, value }
    }

    /// Why it failed.
    pub fn kind(&self) -> SendErrorKind {
        self.kind
    }

    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.value
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> SendError<U> {
        SendError { kind: self.kind, value: map(self.value) }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            SendErrorKind::Closed => "sending on a closed channel",
            SendErrorKind::Full => "sending on a full channel",
            SendErrorKind::TimedOut => "timed out sending on a full channel",
        })
    }
}

impl<T> Error for SendError<T> {}

macro_rules! send_error {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum $name<T> {
            $($(#[$vdoc])* $variant(T)),+
        }

        impl<T> $name<T> {
            /// The value that was not sent.
            pub fn into_inner(self) -> T {
                match self {
                    $(Self::$variant(value) => value),+
                }
            }

            /// Whether nobody can receive any more.
            pub fn is_closed(&self) -> bool {
                matches!(self, Self::Closed(_))
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_) => f.write_str(concat!(stringify!($variant), "(..)"))),+
                }
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant(_) => $text),+
                })
            }
        }

        impl<T> Error for $name<T> {}
    };
}

send_error! {
    /// A [`try_send`](super::Sender::try_send) failed; here is the value.
    TrySendError {
        /// No room, or at capacity 0 no receiver that waits.
        Full = "sending on a full channel",
        /// Nobody can receive any more.
        Closed = "sending on a closed channel"
    }
}

send_error! {
    /// A [`send_timeout`](super::Sender::send_timeout) failed; here is the value.
    SendTimeoutError {
        /// Nobody took it in time.
        Timeout = "timed out sending on a channel",
        /// Nobody can receive any more.
        Closed = "sending on a closed channel"
    }
}

macro_rules! plain_error {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text),+
                })
            }
        }

        impl Error for $name {}
    };
}

plain_error! {
    /// Why [`try_recv`](super::Receiver::try_recv) gave nothing.
    TryRecvError {
        /// Nothing is there now.
        Empty = "receiving on an empty channel",
        /// Nothing is there, and nothing will come.
        Closed = "receiving on an empty and closed channel"
    }
}

plain_error! {
    /// Why [`recv_timeout`](super::Receiver::recv_timeout) gave nothing.
    RecvTimeoutError {
        /// Nothing came in time.
        Timeout = "timed out receiving on a channel",
        /// Nothing is there, and nothing will come.
        Closed = "receiving on an empty and closed channel"
    }
}

plain_error! {
    /// Why [`try_reserve`](super::Sender::try_reserve) gave no permit.
    TryReserveError {
        /// No room, or at capacity 0 no receiver that waits.
        Full = "no room in the channel",
        /// Nobody can receive any more.
        Closed = "the channel is closed"
    }
}

plain_error! {
    /// Why a [`ChannelBuilder`](super::ChannelBuilder) refused to build.
    BuildError {
        /// An overflow policy on an unbounded channel, which never overflows.
        PolicyOnUnbounded = "an unbounded channel never overflows: remove `.overflow(…)`, or use `Channel::bounded(n)`",
        /// `DropOldest` or `DropNewest` at capacity 0, where there is no buffer to drop from.
        DropAtRendezvous = "a rendezvous channel (capacity 0) has no buffer to drop from: use a capacity of at least 1, or another policy"
    }
}
