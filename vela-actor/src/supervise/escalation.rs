//! Why a supervisor gave up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::events::EventKind;
use crate::exit::{Exit, Failure, FailureKind, Phase};
use crate::identity::Identity;

/// A supervisor has given up, because of this exit of a child.
#[derive(Debug, Clone)]
pub struct Escalation {
    pub(crate) child: Arc<str>,
    pub(crate) exit: Exit,
    pub(crate) cause: Cause,
}

impl Escalation {
    /// The name of the child.
    #[must_use]
    pub fn child(&self) -> &str {
        &self.child
    }

    /// The child's last exit. A normal one is possible, too: a permanent child that keeps ending uses up the budget.
    #[must_use]
    pub fn exit(&self) -> &Exit {
        &self.exit
    }

    pub(crate) fn event(&self) -> EventKind {
        EventKind::Escalated { child: Arc::clone(&self.child), failure: self.to_string() }
    }

    /// What made the supervisor give up.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }
}

/// What made a supervisor give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// [`on_failure`](crate::Supervision::on_failure) said so, or panicked.
    Decided,
    /// The supervisor's budget was used up.
    Budget {
        /// How many restarts it allows.
        max_restarts: u32,
        /// In which time.
        within: Duration,
    },
    /// The child's own budget was used up.
    ChildBudget {
        /// How many restarts it allows.
        max_restarts: u32,
        /// In which time.
        within: Duration,
    },
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { child, exit, cause, .. } = self;
        match cause {
            Cause::Decided => write!(f, "child `{child}`: {exit}"),
            Cause::Budget { max_restarts, within } => {
                write!(f, "more than {max_restarts} restarts within {within:?}, the last because of `{child}`: {exit}")
            }
            Cause::ChildBudget { max_restarts, within } => {
                write!(f, "more than {max_restarts} restarts of `{child}` within {within:?}: {exit}")
            }
        }
    }
}

impl Error for Escalation {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.exit.failure().map(|failure| failure as _)
    }
}

/// The failure of a system's root.
pub(crate) fn escalated(root: &Identity, escalation: &Escalation) -> Failure {
    Failure::new(root.clone(), Phase::Running, FailureKind::Child(Arc::new(escalation.clone())))
}
