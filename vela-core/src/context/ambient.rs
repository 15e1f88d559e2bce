//! What the task that runs on this thread carries: where it was spawned, its name, its context.
//!
//! It lies on the stack for the time of a poll, and a thread-local points to it: nothing is moved, counted or allocated.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
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
    /// Of a task with a name; none otherwise.
    #[cfg(feature = "tracing")]
    pub(crate) span: tracing::Span,
}

/// What belongs to the running task.
struct Ambient<'a> {
    site: &'static Location<'static>,
    extra: Option<&'a Extra>,
    /// The number of a task whose work is done elsewhere, where no runtime need be current.
    elsewhere: Option<u64>,
    /// Entered by [`Context::run`] and [`Context::enter`], inside the task's own.
    entered: Cell<Option<Context>>,
}

thread_local! {
    /// The running task's; it is alive, and on this thread's stack, as long as this points to it. `None` outside tasks.
    static CURRENT: Cell<Option<NonNull<Ambient<'static>>>> = const { Cell::new(None) };
    /// Entered outside tasks.
    static OUTSIDE: Cell<Option<Context>> = const { Cell::new(None) };
}

/// Polls a task: what it carries is in place while `poll` runs.
#[inline]
pub(crate) fn carry<R>(site: &'static Location<'static>, extra: Option<&Extra>, poll: impl FnOnce() -> R) -> R {
    carry_as(None, site, extra, poll)
}

/// As [`carry`], for the task of this number where its work is done `elsewhere`.
#[inline]
pub(crate) fn carry_as<R>(
    elsewhere: Option<u64>,
    site: &'static Location<'static>,
    extra: Option<&Extra>,
    poll: impl FnOnce() -> R,
) -> R {
    /// Also if `poll` panics.
    struct Back(Option<NonNull<Ambient<'static>>>);

    impl Drop for Back {
        #[inline]
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }

    let ambient = Ambient { site, extra, elsewhere, entered: Cell::new(None) };
    // Dropped before `ambient`, to which it points.
    let _back = Back(CURRENT.replace(Some(NonNull::from(&ambient).cast())));
    #[cfg(feature = "tracing")]
    let _entered = extra.map(|extra| extra.span.enter());
    poll()
}

/// Looks at what the running task carries; `None` outside tasks.
#[inline]
fn with<R>(look: impl FnOnce(Option<&Ambient<'_>>) -> R) -> R {
    // SAFETY: `carry` takes the pointer away before what it points to ends; it was made on this thread.
    look(CURRENT.get().map(|current| unsafe { current.as_ref() }))
}

/// A copy of what is in the cell.
fn copy(entered: &Cell<Option<Context>>) -> Option<Context> {
    let context = entered.take();
    let copy = context.clone();
    entered.set(context);
    copy
}

/// Whether a runtime polls a task of Vela's here.
#[inline]
pub(crate) fn is_inside() -> bool {
    with(|ambient| ambient.is_some_and(|ambient| ambient.elsewhere.is_none()))
}

/// The number of the task whose work is done here, if that is no runtime's doing.
pub(crate) fn elsewhere() -> Option<u64> {
    with(|ambient| ambient?.elsewhere)
}

/// The context in force: the one entered last, else the task's own.
#[inline]
pub(crate) fn context() -> Option<Context> {
    with(|ambient| match ambient {
        Some(ambient) => copy(&ambient.entered).or_else(|| ambient.extra?.context.clone()),
        // A thread that is ending may have lost its slot.
        None => OUTSIDE.try_with(copy).ok().flatten(),
    })
}

/// Where the running task was spawned, and its name.
pub(crate) fn task() -> Option<(&'static Location<'static>, Option<Name>)> {
    with(|ambient| ambient.map(|ambient| (ambient.site, ambient.extra.and_then(|extra| extra.name.clone()))))
}

/// Changes which context is entered.
pub(crate) fn swap_entered(context: &mut Option<Context>) {
    with(|ambient| match ambient {
        Some(ambient) => *context = ambient.entered.replace(context.take()),
        None => {
            let _ = OUTSIDE.try_with(|entered| *context = entered.replace(context.take()));
        }
    });
}
