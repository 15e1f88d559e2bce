//! Which children a failure concerns.

/// Which children are restarted when one of them is to come back.
///
/// # Examples
///
/// ```
/// use vela::actor::{Strategy, Supervision};
///
/// let supervision = Supervision::new(Strategy::RestForOne);
/// assert!(supervision.check().is_ok());
/// assert_eq!(Strategy::default(), Strategy::OneForOne);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// Only that one: children do not depend on each other. The default.
    #[default]
    OneForOne,
    /// All of them: each depends on each.
    OneForAll,
    /// That one and those that were started after it: each depends on those before it.
    RestForOne,
}

/// What is to be done about a failure: the answer of
/// [`Supervision::on_failure`](crate::Supervision::on_failure).
///
/// # Examples
///
/// ```
/// use vela::actor::{Decision, Supervision};
///
/// // A panic is a bug, which a restart does not mend.
/// let supervision = Supervision::default()
///     .on_failure(|failure| if failure.is_panic() { Decision::Escalate } else { Decision::Restart });
/// assert!(supervision.check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// What the child's [`RestartType`](crate::RestartType) says.
    Restart,
    /// The child has ended for good, as if it had stopped by itself. Its siblings go on.
    Stop,
    /// The supervisor fails at once: all children are stopped, and its own supervisor decides.
    Escalate,
}

/// Whether a supervisor stops when [significant](crate::ChildSpec::significant) children have ended by themselves. It stops
/// in an orderly way then; that is no failure.
///
/// # Examples
///
/// ```
/// use vela::actor::{AutoShutdown, Supervision, child};
///
/// let supervision = Supervision::default().auto_shutdown(AutoShutdown::AnySignificant);
/// assert!(supervision.check().is_ok());
/// assert!(child("import").transient().significant().check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AutoShutdown {
    /// Never; no child may be significant. The default.
    #[default]
    Never,
    /// As soon as one of them has ended.
    AnySignificant,
    /// When the last of them has ended.
    AllSignificant,
}
