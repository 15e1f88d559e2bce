//! How an incarnation ended.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::mem;
use std::sync::Arc;

use crate::identity::Identity;
use crate::panics::contained;
use crate::supervise::Escalation;

/// How one run of an actor ended, and, once it comes back no more, how the actor ended.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, Exit, spawn};
///
/// struct Quitter;
///
/// impl Actor for Quitter {
///     type Message = &'static str;
///     type Error = std::fmt::Error;
///
///     async fn handle(&mut self, message: &'static str, cx: &mut ActorContext<Self>) -> Result<(), std::fmt::Error> {
///         if message == "fail" {
///             return Err(std::fmt::Error);
///         }
///         cx.stop();
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// let good = spawn(Quitter);
/// good.send("stop").await.unwrap();
/// assert!(good.terminated().await.is_normal());
///
/// let bad = spawn(Quitter);
/// bad.send("fail").await.unwrap();
/// let Exit::Failed(failure) = bad.terminated().await else { panic!() };
/// assert!(failure.error().is_some_and(|error| error.is::<std::fmt::Error>()));
/// # });
/// ```
#[derive(Clone, Debug)]
pub enum Exit {
    /// It stopped by itself or was asked to.
    Normal,
    /// It failed.
    Failed(Failure),
    /// It was killed: by hand, after its shutdown time, or because its runtime ended.
    Killed,
}

impl Exit {
    /// Whether it is [`Normal`](Self::Normal).
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Normal)
    }

    /// The failure, if it is one.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Normal | Self::Killed => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("stopped"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Killed => f.write_str("killed"),
        }
    }
}

/// Where in its life an incarnation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// In its factory, or in [`started`](crate::Actor::started).
    Starting,
    /// In [`run`](crate::Actor::run), which is where messages are handled.
    Running,
    /// In [`stopped`](crate::Actor::stopped), or when its state was dropped.
    Stopping,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "while starting",
            Self::Running => "while running",
            Self::Stopping => "while stopping",
        })
    }
}

/// Why an actor failed. Clones are the same failure.
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

struct Inner {
    who: Identity,
    phase: Phase,
    kind: FailureKind,
}

/// Whoever holds the last clone of a failure, a supervisor say, is not the one to be hit by the error's drop.
impl Drop for Inner {
    fn drop(&mut self) {
        let kind = mem::replace(&mut self.kind, FailureKind::StartTimeout);
        contained(|| drop(kind));
    }
}

/// What a [`Failure`] is.
#[derive(Clone)]
#[non_exhaustive]
pub enum FailureKind {
    /// A method of the actor gave this error.
    Error(Arc<dyn Error + Send + Sync>),
    /// The actor panicked, with this message.
    Panic(Arc<str>),
    /// It did not start within the time it was given.
    StartTimeout,
    /// A child of it failed for good: its supervisor's budget was used up, or it decided to escalate.
    Child(Arc<Escalation>),
    /// An actor that it is linked to ended so.
    Link(Box<Exit>),
}

impl Failure {
    pub(crate) fn new(who: Identity, phase: Phase, kind: FailureKind) -> Self {
        Self(Arc::new(Inner { who, phase, kind }))
    }

    /// The path of the actor that failed: `bank/accounts/alice`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.who.path()
    }

    /// When in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// What it was.
    #[must_use]
    pub fn kind(&self) -> &FailureKind {
        &self.0.kind
    }

    /// The error that the actor gave, if that was it.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match &self.0.kind {
            FailureKind::Error(error) => Some(&**error),
            _ => None,
        }
    }

    /// Whether the actor panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.kind, FailureKind::Panic(_))
    }

    /// The first failure of the chain: that of the actor at the bottom.
    #[must_use]
    pub fn root(&self) -> &Failure {
        match &self.0.kind {
            FailureKind::Child(child) => child.exit().failure().map_or(self, Self::root),
            _ => self,
        }
    }
}

/// The text of a foreign error. If its `Display` panics, the failure is told all the same.
struct Text<'a>(&'a (dyn Error + Send + Sync));

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut text, mut whole) = (String::new(), false);
        contained(|| whole = write!(text, "{}", self.0).is_ok());
        f.write_str(if whole { &text } else { "an error that cannot say what it is: its `Display` panics or fails" })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { who, phase, kind } = &*self.0;
        let who = who.path();
        match kind {
            FailureKind::Error(error) => write!(f, "{who} failed {phase}: {}", Text(&**error)),
            FailureKind::Panic(message) => write!(f, "{who} panicked {phase}: {message}"),
            FailureKind::StartTimeout => write!(f, "{who} did not start in time"),
            FailureKind::Child(why) => write!(f, "{who} gave up: {why}"),
            FailureKind::Link(exit) => write!(f, "{who} failed because of a link: {exit}"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.debug_tuple("Error").field(error).finish(),
            Self::Panic(message) => f.debug_tuple("Panic").field(message).finish(),
            Self::StartTimeout => f.write_str("StartTimeout"),
            Self::Child(child) => f.debug_tuple("Child").field(child).finish(),
            Self::Link(exit) => f.debug_tuple("Link").field(exit).finish(),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.kind {
            FailureKind::Error(error) => Some(&**error),
            FailureKind::Child(why) => Some(&**why),
            FailureKind::Link(exit) => exit.failure().map(|failure| failure as &(dyn Error + 'static)),
            FailureKind::Panic(_) | FailureKind::StartTimeout => None,
        }
    }
}

#[cfg(test)]
impl Failure {
    /// Of the actor of this path.
    pub(crate) fn of(actor: &str) -> Self {
        Self::new(Identity::new(actor.into()), Phase::Running, FailureKind::Panic("x".into()))
    }
}
