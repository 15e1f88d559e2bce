//! Which task is running.

use std::fmt;
use std::panic::Location;

use crate::context::ambient::{self, Name};
use crate::rt;

/// The number of a task, unique among those that are alive.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let task = vela::task::spawn(async { vela::task::current().map(|task| task.id()) });
/// let id = task.id();
/// assert_eq!(task.await.ok().flatten(), id);
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId(pub(super) rt::Id);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// What is known about a task.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let task = vela::task::spawn(async { vela::task::current().map(|task| task.to_string()) });
/// let text = task.await.ok().flatten();
/// assert!(text.is_some_and(|text| text.starts_with("task ") && text.contains(" spawned at ")));
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TaskInfo {
    id: TaskId,
    name: Option<Name>,
    site: &'static Location<'static>,
}

impl TaskInfo {
    /// The task's number.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.site
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name() {
            write!(f, " \"{name}\"")?;
        }
        write!(f, " spawned at {}", self.site)
    }
}

/// The task that is running this code; `None` outside of tasks, and in tasks that Vela did not spawn.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::{TaskBuilder, current};
///
/// # vela::block_on(async {
/// let task = TaskBuilder::new().name("fetch").spawn(async {
///     current().and_then(|task| task.name().map(String::from))
/// });
/// assert_eq!(task.await.ok().flatten().as_deref(), Some("fetch"));
/// # });
/// ```
#[must_use]
pub fn current() -> Option<TaskInfo> {
    let (site, name) = ambient::task()?;
    let id = ambient::elsewhere().map(rt::Id::Own).or_else(rt::current_id)?;
    Some(TaskInfo { id: TaskId(id), name, site })
}
