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
    /// For what wraps a sender.
    pub fn new(kind: SendErrorKind, value: T) -> Self {
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

    /// The same error about another value: for what wraps a sender.
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> SendError<U> {
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

            /// The same error about another value: for what wraps a sender.
            pub fn map<U>(self, map: impl FnOnce(T) -> U) -> $name<U> {
                match self {
                    $(Self::$variant(value) => $name::$variant(map(value))),+
                }
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

/// Why a [`ChannelBuilder`](super::ChannelBuilder) refused to build.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BuildError {
    /// An overflow policy on an unbounded channel, which never overflows.
    PolicyOnUnbounded,
    /// `DropOldest` or `DropNewest` at capacity 0, where there is no buffer to drop from.
    DropAtRendezvous,
    /// The configuration of the process forbids channels without a bound.
    UnboundedForbidden,
    /// The limits of saturation are no shares of the capacity, or the wrong way round.
    Limits {
        /// From which share on the channel is saturated.
        saturated_at: f64,
        /// Down to which share it stays so.
        relieved_at: f64,
    },
    /// A channel of this name is wanted from the configuration, and none is installed.
    #[cfg(feature = "config")]
    NoConfiguration(String),
    /// The configuration has no channel of this name.
    #[cfg(feature = "config")]
    NotConfigured(crate::config::UnknownChannel),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PolicyOnUnbounded => f.write_str(
                "an unbounded channel never overflows: remove `.overflow(…)`, or use `Channel::bounded(n)`",
            ),
            Self::DropAtRendezvous => f.write_str(
                "a rendezvous channel (capacity 0) has no buffer to drop from: use a capacity of at least 1, or another policy",
            ),
            Self::UnboundedForbidden => f.write_str(
                "the configuration says `unbounded = \"forbid\"`: give the channel a capacity, with `vela::channel(n)` or `Channel::bounded(n)`",
            ),
            Self::Limits { saturated_at, relieved_at } => write!(
                f,
                "a channel is saturated from a share above 0 and up to 1 of its capacity, and relieved at a smaller one, not at {saturated_at} and {relieved_at}"
            ),
            #[cfg(feature = "config")]
            Self::NoConfiguration(name) => write!(
                f,
                "the channel `{name}` is to be configured, but no configuration is installed: call `Config::load(…)?.install()` first"
            ),
            #[cfg(feature = "config")]
            Self::NotConfigured(unknown) => unknown.fmt(f),
        }
    }
}

impl Error for BuildError {}
