//! What is wrong with a specification.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Settings of a child or a supervisor that contradict each other, and how to mend them.
///
/// # Examples
///
/// ```
/// use vela::actor::child;
///
/// let error = child("door").significant().check().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "child `door`: a permanent child always comes back, so its end can have no significance: add `.transient()` or `.temporary()`, or remove `.significant()`"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The child's name; none for the supervisor.
    child: Option<String>,
    /// What is wrong, and after a colon how to mend it.
    problem: Cow<'static, str>,
}

impl SpecError {
    pub(crate) fn child(name: &str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { child: Some(name.to_owned()), problem: problem.into() }
    }

    pub(crate) fn supervisor(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { child: None, problem: problem.into() }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.child {
            Some(name) => write!(f, "child `{name}`: {}", self.problem),
            None => write!(f, "supervision: {}", self.problem),
        }
    }
}

impl Error for SpecError {}
