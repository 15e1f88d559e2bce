//! A counter of work that is not done yet, and the wait for it to reach zero.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::ops::Receive;
use crate::rt::seam::Subject;
use crate::rt::{self, Site};
use crate::select::Polled;

/// Waits until a number of things are done: Go's `sync.WaitGroup`, without a counter that can go wrong.
///
/// [`add`](Self::add) gives a guard; dropping it (or [`done`](Work::done)) is Go's `Done`. A panic counts as
/// done, too, because it drops the guard. Clones are handles of the same group. It can be used again after a wait.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::WaitGroup;
///
/// # vela::block_on(async {
/// let group = WaitGroup::new();
/// for n in 0..3 {
///     let work = group.add();
///     vela::task::spawn(async move {
///         println!("{n}");
///         work.done();
///     });
/// }
/// group.wait().await;            // `<-group.wait()` inside `vela!`
/// # });
/// ```
#[derive(Clone, Default)]
pub struct WaitGroup {
    shared: Arc<Count>,
}

#[derive(Default)]
struct Count {
    open: AtomicUsize,
    zero: Notify,
}

impl WaitGroup {
    /// A group with nothing to wait for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One thing more to wait for, until the guard is dropped.
    #[must_use = "the work counts as done as soon as the guard is dropped"]
    pub fn add(&self) -> Work {
        // Relaxed: a counter on its own; the edge that matters is the one from `Work::drop` to the waiter.
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        Work { shared: Arc::clone(&self.shared) }
    }

    /// How many guards are alive.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// A source that is ready when everything is done: `<-group.wait()`, `group.wait().await`, an arm of `select!`.
    ///
    /// What happened before each guard's drop happens before the wait returns.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the wait is dropped.
    #[must_use = "waits only when it is received from or awaited"]
    pub fn wait(&self) -> Wait<'_> {
        Wait { group: self }
    }

    /// Waits on a thread that drives no tasks.
    ///
    /// # Panics
    ///
    /// In an async context.
    #[track_caller]
    pub fn wait_blocking(&self) {
        rt::assert_may_block("WaitGroup::wait_blocking");
        rt::park_on(self.wait().into_future());
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("count", &self.count()).finish()
    }
}

/// One piece of work that a [`WaitGroup`] waits for. Its clone is one more.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let group = vela::sync::WaitGroup::new();
/// let work = group.add();
/// assert_eq!(group.count(), 1);
/// work.done();
/// assert_eq!(group.count(), 0);
/// ```
pub struct Work {
    shared: Arc<Count>,
}

impl Work {
    /// The work is done; the same as dropping the guard.
    pub fn done(self) {}
}

impl Clone for Work {
    fn clone(&self) -> Self {
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // AcqRel: releases this work to the waiter's acquiring load, and carries on what earlier ones released.
        if self.shared.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.zero.notify_waiters();
        }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

/// The source that [`WaitGroup::wait`] gives.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    group: &'a WaitGroup,
}

impl<'a> Receive for &Wait<'a> {
    type Output = ();
    type Case = Polled<WaitFuture<'a>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.into_future())
    }
}

impl<'a> IntoFuture for Wait<'a> {
    type Output = ();
    type IntoFuture = WaitFuture<'a>;

    #[track_caller]
    fn into_future(self) -> WaitFuture<'a> {
        WaitFuture { count: &self.group.shared, site: Site::here(), zero: self.group.shared.zero.notified() }
    }
}

pin_project! {
    /// The future behind [`WaitGroup::wait`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub struct WaitFuture<'a> {
        count: &'a Count,
        site: Site,
        #[pin]
        zero: Notified<'a>,
    }
}

impl Future for WaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.site.operate(cx, "wait", Subject::Other, |cx| {
            loop {
                // Registered first, then looked: a last `done` in between wakes us. Acquire: see `Work::drop`.
                this.zero.as_mut().enable();
                if this.count.open.load(Ordering::Acquire) == 0 {
                    return Poll::Ready(());
                }
                if this.zero.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                // It reached zero and work was added since. Go reports a misuse here; this waits for the new work, too.
                this.zero.set(this.count.zero.notified());
            }
        })
    }
}

impl fmt::Debug for WaitFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFuture").finish_non_exhaustive()
    }
}
