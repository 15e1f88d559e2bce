//! What happens to the actors of a system, for who wants to know.
//!
//! Events go to a broadcast channel, which ends with the system; who is too slow for it misses some and is told how many. With the feature `tracing` they are
//! lines of the log, too (target `vela::actor`), and with `metrics` failures and restarts are counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use vela_core::broadcast;
use vela_core::time::Instant;

use crate::identity::ActorId;

/// So many events are kept for a subscriber that does not receive.
const CAPACITY: usize = 1024;

/// Something that has happened to an actor.
///
/// With the feature `serde` it can be serialised; durations are seconds then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Event {
    /// When: since the system began.
    #[cfg_attr(feature = "serde", serde(with = "crate::seconds"))]
    pub at: Duration,
    /// The names from the top of the tree down to the actor.
    pub path: Arc<str>,
    /// The actor's number.
    pub id: ActorId,
    /// What has happened.
    pub kind: EventKind,
}

impl fmt::Display for Event {
    /// `3.2s shop/orders (7): failed: no connection`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} ({}): {}", self.at, self.path, self.id, self.kind)
    }
}

/// What has happened to an actor.
///
/// # Examples
///
/// ```
/// use vela::actor::events::EventKind;
///
/// let kind = EventKind::Failed { failure: "no connection".into() };
/// assert_eq!(kind.to_string(), "failed: no connection");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum EventKind {
    /// Its start hook is over: it handles messages. Again after each restart.
    Started,
    /// It has ended as it should.
    Stopped,
    /// It has ended with an error or by a panic.
    Failed {
        /// The error, or the panic's message.
        failure: String,
    },
    /// Its supervisor restarts it.
    Restarting {
        /// After this time.
        #[cfg_attr(feature = "serde", serde(with = "crate::seconds"))]
        after: Duration,
        /// How often it was restarted before.
        restarts: u64,
    },
    /// It is a supervisor that has had enough of a child's failures, and fails itself.
    Escalated {
        /// The child.
        child: Arc<str>,
        /// The child's last failure.
        failure: String,
    },
    /// It was ended in the middle of something, without its stop hook.
    Killed,
    /// It has ended, and was not done with its mail.
    MailDropped {
        /// So many messages were dropped with their mailbox. Who asked has an error.
        messages: u64,
    },
    /// It will not be started any more: messages to it are refused.
    Terminated,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Stopped => f.write_str("stopped"),
            Self::Failed { failure } => write!(f, "failed: {failure}"),
            Self::Restarting { after, restarts } if after.is_zero() => write!(f, "restarting, {restarts} before"),
            Self::Restarting { after, restarts } => write!(f, "restarting in {after:?}, {restarts} before"),
            Self::Escalated { child, failure } => write!(f, "gives up on {child}, which failed: {failure}"),
            Self::Killed => f.write_str("killed"),
            Self::MailDropped { messages: 1 } => f.write_str("ended with 1 message that it had not handled"),
            Self::MailDropped { messages } => write!(f, "ended with {messages} messages that it had not handled"),
            Self::Terminated => f.write_str("terminated"),
        }
    }
}

/// Whom an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    pub(crate) path: &'a Arc<str>,
    pub(crate) id: ActorId,
    /// The name of its type: the label of what is counted, as paths may be without number.
    #[cfg_attr(not(any(feature = "metrics", feature = "tracing")), allow(dead_code))]
    pub(crate) type_name: &'static str,
}

/// Where the events of a system are published.
pub(crate) struct Events {
    /// `None` once the system has ended. The channel closes with the last publisher that uses it.
    sender: Mutex<Option<Arc<broadcast::Sender<Event>>>>,
    began: Instant,
}

impl Events {
    /// Begins now: events say when they happened since.
    pub(crate) fn new() -> Self {
        let (sender, _) = broadcast::channel(CAPACITY);
        Self { sender: Mutex::new(Some(Arc::new(sender))), began: Instant::now() }
    }

    /// Receives what is published from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        match self.sender() {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    /// The system has ended: once subscribers have received what was published, that was all.
    pub(crate) fn end(&self) {
        let last = self.sender.lock().take();
        drop(last);
    }

    fn sender(&self) -> Option<Arc<broadcast::Sender<Event>>> {
        self.sender.lock().clone()
    }

    /// Publishes an event. `kind` is called only if somebody wants to know: a subscriber, the log, the metrics.
    ///
    /// Wakes subscribers and runs the code of the log's and the metrics' subscribers: under no lock.
    pub(crate) fn publish(&self, who: Who<'_>, kind: impl FnOnce() -> EventKind) {
        let subscribed = self.sender().filter(|sender| sender.receiver_count() > 0);
        if subscribed.is_none() && !log::is_on() && !cfg!(feature = "metrics") {
            return;
        }
        let kind = kind();
        log::tell(who, &kind);
        #[cfg(feature = "metrics")]
        match &kind {
            EventKind::Failed { .. } => crate::export::failed(who.type_name),
            EventKind::Restarting { .. } => crate::export::restarting(who.type_name),
            EventKind::MailDropped { messages } => crate::export::mail_dropped(who.type_name, *messages),
            _ => {}
        }
        if let Some(sender) = subscribed {
            let at = self.began.elapsed();
            // Nobody is left to know.
            let _gone = sender.send(Event { at, path: Arc::clone(who.path), id: who.id, kind });
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subscribers = self.sender().map(|sender| sender.receiver_count());
        f.debug_struct("Events").field("subscribers", &subscribers).finish_non_exhaustive()
    }
}

/// The lines of the log. A subscriber of the log that panics does not reach the actor that happened to tell.
#[cfg(feature = "tracing")]
pub(crate) mod log {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tracing::level_filters::LevelFilter;

    use super::{EventKind, Who};

    pub(crate) fn is_on() -> bool {
        LevelFilter::current() > LevelFilter::OFF
    }

    /// One line of a level.
    macro_rules! line {
        ($level:ident, $who:ident, $kind:ident) => {
            tracing::$level!(target: "vela::actor", actor = &**$who.path, id = $who.id.get(), kind = $who.type_name, "{}", $kind)
        };
    }

    pub(super) fn tell(who: Who<'_>, kind: &EventKind) {
        let _panicked = catch_unwind(AssertUnwindSafe(|| match kind {
            EventKind::Started | EventKind::Stopped | EventKind::Terminated => line!(debug, who, kind),
            EventKind::Restarting { .. } => line!(info, who, kind),
            EventKind::Failed { .. } | EventKind::Killed | EventKind::MailDropped { .. } => line!(warn, who, kind),
            EventKind::Escalated { .. } => line!(error, who, kind),
        }));
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) mod log {
    use super::{EventKind, Who};

    pub(crate) fn is_on() -> bool {
        false
    }

    pub(super) fn tell(_: Who<'_>, _: &EventKind) {}
}

#[cfg(test)]
mod tests;
