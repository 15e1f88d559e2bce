//! What the task that runs on this thread carries: where it was spawned, its name, its context.
//!
//! The things are moved into a thread-local for the time of a poll and back after it: no reference is counted, and
//! nothing is allocated for a task that has neither name nor context.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;

use super::Context;

/// A task's name: one word, so that handles of tasks without one stay small.
#[derive(Clone, Debug)]
pub(crate) struct Name(Arc<Cow<'static, str>>);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Cow<'static, str>> for Name {
    fn from(name: Cow<'static, str>) -> Self {
        Self(Arc::new(name))
    }
}

/// What only some tasks have.
pub(crate) struct Extra {
    pub(crate) name: Option<Name>,
    pub(crate) context: Option<Context>,
}

/// What belongs to the running task.
#[derive(Default)]
pub(crate) struct Ambient {
    /// Where the task was spawned; `None` outside Vela's tasks.
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) extra: Option<Box<Extra>>,
    /// Entered by [`Context::run`] and [`Context::enter`], inside the task's own.
    pub(crate) entered: Option<Context>,
}

thread_local! {
    static AMBIENT: Cell<Ambient> = const { Cell::new(Ambient { site: None, extra: None, entered: None }) };
}

/// Runs `f` on what this thread carries now. `f` must not run user code: meanwhile the thread carries nothing.
pub(crate) fn with<R>(f: impl FnOnce(&mut Ambient) -> R) -> R {
    let mut f = Some(f);
    let seen = AMBIENT.try_with(|slot| {
        let mut ambient = slot.take();
        let result = f.take().map(|f| f(&mut ambient));
        slot.set(ambient);
        result
    });
    match (seen, f) {
        (Ok(Some(result)), _) => result,
        // The thread is ending and has lost its slot.
        (_, Some(f)) => f(&mut Ambient::default()),
        (_, None) => unreachable!("either the slot was there or `f` was not used"),
    }
}

/// Makes `ambient` what this thread carries, and gives back what it carried.
pub(crate) fn replace(ambient: Ambient) -> Ambient {
    AMBIENT.try_with(|slot| slot.replace(ambient)).unwrap_or_default()
}

impl Ambient {
    /// The context in force: the one entered last, else the task's own.
    pub(crate) fn context(&self) -> Option<&Context> {
        self.entered.as_ref().or_else(|| self.extra.as_ref()?.context.as_ref())
    }

    pub(crate) fn name(&self) -> Option<&Name> {
        self.extra.as_ref()?.name.as_ref()
    }
}
