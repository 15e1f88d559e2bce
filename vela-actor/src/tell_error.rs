//! A message that was not sent, and why.

use std::fmt;
use std::sync::Arc;

use vela_core::{SendErrorKind, TrySendError};

use crate::actor::Actor;
use crate::cell::Cell;
use crate::exit::Exit;

/// A message was not sent; here it is. As text: to whom, why, and what can be done.
///
/// # Examples
///
/// ```
/// # use vela_actor as actor;
/// use actor::{Actor, ActorContext, Spawn};
/// # use vela_core::SendErrorKind;
///
/// struct Printer;
///
/// impl Actor for Printer {
///     type Message = &'static str;
///     type Error = std::convert::Infallible;
///
///     async fn handle(&mut self, text: &'static str, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         println!("{text}");
///         Ok(())
///     }
/// }
///
/// # vela_core::block_on(async {
/// let printer = Spawn::new().name("printer").start(Printer);
/// printer.stop();
/// printer.terminated().await;
/// let refused = printer.send("too late").await.unwrap_err();
/// assert_eq!(refused.kind(), SendErrorKind::Closed);
/// assert_eq!(refused.to_string(), "`printer` has ended, and takes no more messages (a new one has an address of its own): stopped");
/// assert_eq!(refused.into_inner(), "too late");
/// # });
/// ```
#[derive(Clone)]
pub struct TellError<M> {
    message: M,
    /// In a box: most sends succeed, and their outcomes have room for this.
    about: Box<About>,
}

#[derive(Clone)]
struct About {
    kind: SendErrorKind,
    path: Arc<str>,
    exit: Option<Exit>,
    /// What has ended its system.
    system: Option<Arc<str>>,
}

impl<M> TellError<M> {
    #[cold]
    pub(crate) fn new<A: Actor>(cell: &Cell<A>, kind: SendErrorKind, message: M) -> Self {
        let (path, exit, system) = (cell.core.who.shared_path(), cell.core.exit().cloned(), cell.core.ended_by());
        Self { message, about: Box::new(About { kind, path, exit, system }) }
    }

    /// Of a send that does not wait.
    #[cold]
    pub(crate) fn of_try<A: Actor>(cell: &Cell<A>, error: TrySendError<M>) -> Self {
        match error {
            TrySendError::Full(message) => Self::new(cell, SendErrorKind::Full, message),
            TrySendError::Closed(message) => Self::new(cell, SendErrorKind::Closed, message),
        }
    }

    /// Why it was not sent; `Closed`: the actor has ended, or is about to.
    pub fn kind(&self) -> SendErrorKind {
        self.about.kind
    }

    /// Whether the actor takes no more messages.
    pub fn is_closed(&self) -> bool {
        self.about.kind == SendErrorKind::Closed
    }

    /// The path of the actor.
    pub fn path(&self) -> &str {
        &self.about.path
    }

    /// How the actor has ended, if it has.
    pub fn exit(&self) -> Option<&Exit> {
        self.about.exit.as_ref()
    }

    /// The message.
    pub fn into_inner(self) -> M {
        self.message
    }
}

impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TellError")
            .field("kind", &self.about.kind)
            .field("path", &self.about.path)
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Display for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About { kind, path, exit, system } = &*self.about;
        match (kind, exit) {
            (SendErrorKind::Closed, Some(exit)) => {
                write!(
                    f,
                    "`{path}` has ended, and takes no more messages (a new one has an address of its own): {exit}"
                )?;
                system.as_ref().map_or(Ok(()), |system| write!(f, "; {system}"))
            }
            (SendErrorKind::Closed, None) => {
                write!(f, "`{path}` is about to end, and takes no more messages (a new one has an address of its own)")
            }
            (SendErrorKind::TimedOut, _) => {
                write!(
                    f,
                    "the mailbox of `{path}` had no room for as long as its rule waits: send later, or give it more room"
                )
            }
            _ => write!(f, "the mailbox of `{path}` is full, and refuses more: send later, or give it more room"),
        }
    }
}

impl<M> std::error::Error for TellError<M> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.about.exit.as_ref()?.failure().map(|failure| failure as _)
    }
}
