//! The mailbox of an actor, and what lies in it.

use std::fmt;

use vela_core::__private::Pipe;
use vela_core::{BuildError, Channel, Overflow};

use crate::chain::Behind;
use crate::identity::Identity;

/// What is wrong with a mailbox, and how to mend it.
pub(crate) const BOUND_AND_NONE: &str =
    "a mailbox has a bound or has none: remove `.mailbox(…)` or `.unbounded_mailbox()`";

/// The mailbox of an actor, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MailboxSpec {
    /// `None`: unbounded.
    pub(crate) capacity: Option<usize>,
    pub(crate) overflow: Overflow,
    pub(crate) monitored: bool,
}

impl Default for MailboxSpec {
    fn default() -> Self {
        Self { capacity: Some(1024), overflow: Overflow::Block, monitored: false }
    }
}

/// The mailbox of an actor that is about to be made.
pub(crate) struct Mailbox<M> {
    pub(crate) mail: Pipe<Envelope<M>>,
    #[cfg(feature = "metrics")]
    pub(crate) monitored: bool,
}

impl MailboxSpec {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// What was asked for contradicts itself, or the configuration of the process forbids it.
    pub(crate) fn open<M>(&self, who: &Identity) -> Result<Mailbox<M>, BuildError> {
        let mail = match *self {
            // The usual one: there is nothing to check.
            Self { capacity: Some(capacity @ ..usize::MAX), overflow: Overflow::Block, monitored: false } => {
                Pipe::bounded(capacity)
            }
            _ => {
                let builder = match self.capacity {
                    Some(capacity) => Channel::bounded(capacity).overflow(self.overflow),
                    None => Channel::unbounded(),
                };
                let builder = if self.monitored { builder.name(who.path()).monitored(true) } else { builder };
                builder.build_pipe()?
            }
        };
        Ok(Mailbox {
            mail,
            #[cfg(feature = "metrics")]
            monitored: self.monitored,
        })
    }
}

/// A message in a mailbox, and the ask that a handler made behind it.
#[doc(hidden)]
pub struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) behind: Option<Behind>,
}

impl<M> fmt::Debug for Envelope<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope")
    }
}

impl<M> Envelope<M> {
    pub(crate) fn new(message: M) -> Self {
        Self { message, behind: None }
    }
}
