//! Tasks whose work is done elsewhere: by a pool of threads, say, that is no runtime.
//!
//! ```text
//!                 run                    the work has ended
//!   waiting ──────────────▶ begun ──────────────────────────▶ ended (value, panic)
//!      │                                                        ▲
//!      └── cancel, abandon ─▶ begun ── `cancelled` returned ────┘ (cancelled)
//! ```
//!
//! - E1: whoever leaves *waiting* is alone in that (one flag, under the outcome's lock), and is the one who sets the outcome.
//! - E2: what the work holds is gone before those who join hear of the end.
//! - E3: of work that was cancelled, who keeps it hears before and after those who join, whatever panics.
//!
//! Nothing of the user's runs under the lock.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::handle::Verdict;
use super::{Task, TaskBuilder, run};
use crate::context::ambient::{self, Extra, Name};
use crate::rt::{self, Abort, Elsewhere, JoinError, JoinHandle, Outcome};

/// The work of a task that is done elsewhere: whoever does it calls [`run`](Self::run), or [`abandon`](Self::abandon) if nobody
/// will. `P` is what he keeps with it.
///
/// The [`Task`] is as any other: it is joined with `<-`, in a `select!`, and cancelled. One that nobody runs or abandons is
/// waited for without end. This is for those who write pools; others take the crate `vela-pool`.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::task::TaskBuilder;
///
/// # vela::block_on(async {
/// let (work, task) = TaskBuilder::new().name("sum").external(());
/// std::thread::spawn(move || work.run(|| 1 + 1, |_end| ()));
/// assert_eq!(task.await?, 2);
/// # Ok::<(), vela::task::TaskError>(())
/// # }).unwrap();
/// ```
pub struct Work<T, P> {
    outcome: Outcome<Verdict<T>>,
    id: u64,
    site: &'static Location<'static>,
    extra: Option<Box<Extra>>,
    payload: P,
}

/// What somebody keeps with [`Work`] that he is to do, and how he hears that it is not wanted any more.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use vela::task::{OnCancel, TaskBuilder};
///
/// #[derive(Default)]
/// struct Place(AtomicBool);
///
/// impl OnCancel for Place {
///     fn cancelled(&self) {
///         self.0.store(true, Ordering::Relaxed);
///     }
/// }
///
/// let (work, task) = TaskBuilder::new().external::<u32, _>(Place::default());
/// task.cancel();
/// assert!(work.payload().0.load(Ordering::Relaxed));
/// assert!(task.join_blocking().unwrap_err().is_cancelled());
/// ```
pub trait OnCancel: Send + Sync + 'static {
    /// The work was cancelled before it had begun, and will not be run: now is the time to drop what belongs to it. Called at
    /// most once, by the thread that cancels, before those who join hear of it.
    fn cancelled(&self) {}

    /// Those who join have heard of it. Called once after [`cancelled`](Self::cancelled), by the same thread. Must not panic.
    fn settled(&self) {}
}

impl OnCancel for () {}

/// How the work of a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// It returned.
    Returned,
    /// It panicked.
    Panicked,
}

impl TaskBuilder {
    /// A task whose work is done elsewhere. It inherits the current [`Context`](crate::context::Context), as others do, and
    /// starts nothing.
    ///
    /// # Examples
    ///
    /// See [`Work`].
    #[track_caller]
    pub fn external<T, P>(self, payload: P) -> (Arc<Work<T, P>>, Task<T>)
    where
        T: Send + 'static,
        P: OnCancel,
    {
        self.external_at(payload, Location::caller())
    }

    /// As [`external`](Self::external), for what was asked for at `site`.
    #[doc(hidden)]
    pub fn external_at<T, P>(self, payload: P, site: &'static Location<'static>) -> (Arc<Work<T, P>>, Task<T>)
    where
        T: Send + 'static,
        P: OnCancel,
    {
        let extra = run::extra(self.name.as_ref(), ambient::context(), site);
        let work = Arc::new(Work { outcome: Outcome::new(), id: rt::next_id(), site, extra, payload });
        let handle: Arc<dyn Elsewhere<Verdict<T>>> = Arc::clone(&work) as _;
        (work, Task::new(JoinHandle::Elsewhere(handle), self.name, site))
    }
}

impl<T, P> Work<T, P> {
    /// What was given to it.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task_name().map(Name::as_str)
    }

    fn task_name(&self) -> Option<&Name> {
        self.extra.as_ref().and_then(|extra| extra.name.as_ref())
    }

    /// Where the task was asked for.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.site
    }

    /// Whether somebody has asked for the task to be cancelled, and it has not ended: work that has begun may look at this, and
    /// return early.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.outcome.is_unwanted()
    }

    /// Runs `work` here, with the task's context, name and span in force; once it has ended, `ended` is called, and then those
    /// who join the task hear of the outcome. False: the task was cancelled, was run or abandoned before, and nothing is called.
    ///
    /// A panic of `work` is caught, counted and reported as that of any task. `ended` must not panic.
    pub fn run(&self, work: impl FnOnce() -> T, ended: impl FnOnce(WorkEnd)) -> bool {
        if !self.outcome.begin() {
            return false;
        }
        let carried = || ambient::carry_as(Some(self.id), self.site, self.extra.as_deref(), work);
        match catch_unwind(AssertUnwindSafe(carried)) {
            Ok(value) => {
                ended(WorkEnd::Returned);
                self.outcome.set(Ok(Ok(value)));
            }
            Err(payload) => {
                ended(WorkEnd::Panicked);
                self.panicked(payload);
            }
        }
        true
    }

    fn panicked(&self, payload: Box<dyn Any + Send>) {
        // A subscriber of the user's that panics must not keep the outcome from those who wait for it.
        let _told = catch_unwind(AssertUnwindSafe(|| super::panic::report(&*payload, self.task_name(), self.site)));
        self.outcome.set(Err(JoinError::Panicked(payload)));
    }
}

impl<T, P: OnCancel> Work<T, P> {
    /// Nobody will do it: the task reads as cancelled, and [`OnCancel`] hears of it. False: it has begun, or was cancelled or
    /// abandoned before, and nothing is called.
    pub fn abandon(&self) -> bool {
        let mine = self.outcome.begin();
        if mine {
            self.cancelled();
        }
        mine
    }

    /// The caller has begun (E1).
    fn cancelled(&self) {
        let set = || match catch_unwind(AssertUnwindSafe(|| self.payload.cancelled())) {
            Ok(()) => self.outcome.set(Err(JoinError::Cancelled)),
            // Of the drop of something of the user's.
            Err(payload) => self.panicked(payload),
        };
        // A waker that panics (E3).
        let set = catch_unwind(AssertUnwindSafe(set));
        self.payload.settled();
        if let Err(panic) = set {
            resume_unwind(panic);
        }
    }
}

impl<T: Send, P: OnCancel> Abort for Work<T, P> {
    fn abort(&self) {
        if self.outcome.refuse() {
            self.cancelled();
        }
    }
}

impl<T: Send, P: OnCancel> Elsewhere<Verdict<T>> for Work<T, P> {
    fn id(&self) -> u64 {
        self.id
    }

    fn outcome(&self) -> &Outcome<Verdict<T>> {
        &self.outcome
    }
}

impl<T, P> fmt::Debug for Work<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("name", &self.name())
            .field("spawned_at", &format_args!("{}", self.site))
            .finish_non_exhaustive()
    }
}
