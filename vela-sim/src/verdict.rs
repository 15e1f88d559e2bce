//! What is wrong with a schedule.

use std::fmt;

/// Why a schedule has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The test's body has not ended, and nothing can go on: nobody is ready, and no timer runs.
    Deadlock,
    /// The test's body has ended, and there are tasks that nobody will ever wake.
    Leak,
    /// The test's body has panicked, or a task whose panic nobody got to know of.
    Panicked(TaskPanic),
    /// The test's body returned an error.
    Failed(String),
    /// No end after that many steps.
    Endless {
        /// How many.
        steps: u64,
    },
    /// A task was woken from another thread: what happens there is not under the simulation's control.
    WokenFromOutside,
    /// The time limit was exceeded.
    OutOfTime,
    /// The same decisions have led to something else.
    NotDeterministic,
}

/// A panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPanic {
    /// The task's number; 0 is the test's body.
    pub(crate) task: u32,
    pub(crate) message: String,
    /// Where, as `file:line:column`.
    pub(crate) at: Option<String>,
    /// Somebody has got to know of it.
    pub(crate) seen: bool,
}

impl TaskPanic {
    /// The number of the task, in the order of their start; the test's body is 0.
    #[must_use]
    pub fn task(&self) -> u32 {
        self.task
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, as `file:line:column`.
    #[must_use]
    pub fn at(&self) -> Option<&str> {
        self.at.as_deref()
    }
}

impl Verdict {
    /// Whether a shorter schedule with this verdict shows the same thing.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panicked(one), Self::Panicked(other)) => {
                one.at == other.at && gist(&one.message) == gist(&other.message)
            }
            (Self::Failed(one), Self::Failed(other)) => gist(one) == gist(other),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Whether a shorter schedule may be looked for.
    pub(crate) fn can_shrink(&self) -> bool {
        !matches!(self, Self::Endless { .. } | Self::WokenFromOutside | Self::OutOfTime | Self::NotDeterministic)
    }
}

/// The first line of a message without its numbers, which may differ from schedule to schedule.
fn gist(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// One word or two, in capitals.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadlock => "DEADLOCK",
            Self::Leak => "LEAK",
            Self::Panicked(_) => "PANIC",
            Self::Failed(_) => "ERROR",
            Self::Endless { .. } => "NO END",
            Self::WokenFromOutside => "WOKEN FROM OUTSIDE",
            Self::OutOfTime => "OUT OF TIME",
            Self::NotDeterministic => "NOT DETERMINISTIC",
        })
    }
}

/// What the body of a test returns: nothing, or a `Result` whose error fails the schedule.
#[diagnostic::on_unimplemented(
    message = "a deterministic test cannot return `{Self}`",
    note = "it returns `()`, or a `Result` of such a thing whose error is `Debug`"
)]
pub trait Output {
    /// Why it is a failure.
    #[doc(hidden)]
    fn failure(&self) -> Option<String>;
}

impl Output for () {
    fn failure(&self) -> Option<String> {
        None
    }
}

impl<T: Output, E: fmt::Debug> Output for Result<T, E> {
    fn failure(&self) -> Option<String> {
        match self {
            Ok(output) => output.failure(),
            Err(error) => Some(format!("{error:?}")),
        }
    }
}
