//! The tasks of one scope or group: who is there, who may run, and what went wrong first.
//!
//! A member goes through: *queued* (the limit is reached: its future waits to be admitted) → *running* → gone. It is gone
//! when its future has been dropped, so that nothing of a member runs on once the nursery is empty.
//!
//! - I1: `members` holds each task whose future still exists, and nothing else.
//! - I2: `running` is the number of admitted members, at most `limit`; while it is less, `queue` has no member that is
//!   still there.
//! - I3: after `stopped`, no task is added, and every member's abort was asked for.
//!
//! One lock. Under it nothing is woken, aborted or dropped: transitions return what there is to do.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::sync::Notify;

use super::error::{Panic, TaskError};
use super::handle::{Task, Verdict as Outcome};
use super::run;
use super::via::Verdict;
use crate::context::ambient::Name;
use crate::error::Error;
use crate::rt::{self, AbortHandle};

/// What `in(…)` takes: a [`Scope`](super::Scope), a [`Group`](super::Group), and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope or group that a task can be started in",
    note = "`in(…)` takes a `vela::task::Scope`, a `vela::task::Group`, or a reference to one"
)]
pub trait Host: sealed::Sealed {
    #[doc(hidden)]
    fn nursery(&self) -> &Arc<Nursery>;
}

impl<H: Host + ?Sized> Host for &H {
    fn nursery(&self) -> &Arc<Nursery> {
        (**self).nursery()
    }
}

impl<H: Host + ?Sized> Host for Arc<H> {
    fn nursery(&self) -> &Arc<Nursery> {
        (**self).nursery()
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<H: Sealed + ?Sized> Sealed for &H {}
    impl<H: Sealed + ?Sized> Sealed for std::sync::Arc<H> {}
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Nursery {
    state: Mutex<State>,
    /// Something failed, or the last member is gone.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// In the order of their start, in which they are cancelled, too.
    members: BTreeMap<u64, Member>,
    queue: VecDeque<u64>,
    last_id: u64,
    running: usize,
    limit: usize,
    stopped: bool,
    failure: Option<Error>,
}

#[derive(Debug)]
struct Member {
    abort: Option<AbortHandle>,
    admitted: bool,
    /// Of a queued member that was polled.
    waker: Option<Waker>,
}

impl Nursery {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let state = State {
            members: BTreeMap::new(),
            queue: VecDeque::new(),
            last_id: 0,
            running: 0,
            limit: limit.max(1),
            stopped: false,
            failure: None,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new() })
    }

    pub(super) fn start<F, V>(
        self: &Arc<Self>,
        future: F,
        verdict: V,
        name: Option<Name>,
        site: &'static Location<'static>,
    ) -> Task<V::Value>
    where
        F: Future + Send + 'static,
        V: Verdict<F::Output>,
    {
        let Some((id, admitted)) = self.state.lock().enter() else {
            return Task::refused(name, site);
        };
        let place = Place { nursery: Arc::clone(self), id };
        let body = Body { future, verdict: Some(verdict), admitted, name: name.clone(), site, place };
        let task = run::start(body, name, site);
        if let Some(abort) = task.abort_handle() {
            self.keep(id, abort);
        }
        task
    }

    /// Keeps the means to cancel a member that was just started, unless it is gone already.
    fn keep(&self, id: u64, abort: AbortHandle) {
        let mut abort = Some(abort);
        let mut state = self.state.lock();
        let stopped = state.stopped;
        if !stopped && let Some(member) = state.members.get_mut(&id) {
            member.abort = abort.take();
        }
        drop(state);
        // Stopped between `enter` and here: `stop` has not seen this one (I3).
        if let Some(abort) = abort.filter(|_| stopped) {
            abort.abort();
        }
    }

    /// Takes no more tasks, and cancels those there are.
    pub(super) fn stop(&self) {
        let aborts = self.state.lock().stop();
        for abort in aborts {
            abort.abort();
        }
    }

    /// A member or the body has failed: the first failure is kept, and all members are cancelled.
    pub(super) fn fail(&self, error: Error) {
        let mut error = Some(error);
        let mut state = self.state.lock();
        // What fails after a stop is a consequence of it.
        if !state.stopped {
            state.failure = error.take();
        }
        let aborts = state.stop();
        drop(state);
        for abort in aborts {
            abort.abort();
        }
        self.changed.notify_waiters();
        drop(error);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.state.lock().members.len()
    }

    pub(super) fn take_failure(&self) -> Option<Error> {
        self.state.lock().failure.take()
    }

    /// Waits until something has failed.
    pub(super) async fn failed(&self) {
        self.until(|state| state.failure.is_some()).await;
    }

    /// Waits until no member is left.
    pub(super) async fn empty(&self) {
        self.until(|state| state.members.is_empty()).await;
    }

    /// Like [`empty`](Self::empty), and takes no more tasks from then on.
    pub(super) async fn close(&self) {
        self.until(|state| {
            let empty = state.members.is_empty();
            // In one step with the look, so that no task slips in between.
            state.stopped |= empty;
            empty
        })
        .await;
    }

    async fn until(&self, mut condition: impl FnMut(&mut State) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Registered first, then looked: a change in between wakes us.
            changed.as_mut().enable();
            if condition(&mut self.state.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    /// A new member: its number, and whether it may run at once. `None` once stopped.
    fn enter(&mut self) -> Option<(u64, bool)> {
        if self.stopped {
            return None;
        }
        self.last_id += 1;
        let id = self.last_id;
        let admitted = self.running < self.limit;
        if admitted {
            self.running += 1;
        } else {
            self.queue.push_back(id);
        }
        self.members.insert(id, Member { abort: None, admitted, waker: None });
        Some((id, admitted))
    }

    /// A member's future is gone: gives what is left of it, to be dropped, and the waker of who is admitted instead.
    fn leave(&mut self, id: u64) -> (Option<Member>, Option<Waker>) {
        let member = self.members.remove(&id);
        if member.as_ref().is_some_and(|member| member.admitted) {
            self.running -= 1;
        }
        // I2. One has left, so that at most one is admitted.
        while self.running < self.limit {
            let Some(next) = self.queue.pop_front() else { break };
            // One that was cancelled in the queue is not there any more.
            if let Some(next) = self.members.get_mut(&next) {
                next.admitted = true;
                self.running += 1;
                return (member, next.waker.take());
            }
        }
        (member, None)
    }

    fn stop(&mut self) -> Vec<AbortHandle> {
        self.stopped = true;
        self.members.values_mut().filter_map(|member| member.abort.take()).collect()
    }
}

/// A member's place; dropping it is leaving.
struct Place {
    nursery: Arc<Nursery>,
    id: u64,
}

impl Place {
    /// Whether the member may run; otherwise it is woken when it may.
    fn poll_admitted(&self, cx: &Context<'_>) -> bool {
        let mut waker = Some(cx.waker().clone());
        let mut state = self.nursery.state.lock();
        let admitted = match state.members.get_mut(&self.id) {
            Some(member) if !member.admitted => {
                mem::swap(&mut member.waker, &mut waker);
                false
            }
            _ => true,
        };
        drop(state);
        drop(waker);
        admitted
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.nursery.state.lock();
        let (member, next) = state.leave(self.id);
        let empty = state.members.is_empty();
        drop(state);
        drop(member);
        if let Some(next) = next {
            next.wake();
        }
        if empty {
            self.nursery.changed.notify_waiters();
        }
    }
}

pin_project! {
    /// A member's future.
    struct Body<F, V> {
        #[pin]
        future: F,
        verdict: Option<V>,
        admitted: bool,
        name: Option<Name>,
        site: &'static Location<'static>,
        // Last: the member leaves after its future was dropped (I1).
        place: Place,
    }
}

impl<F: Future, V: Verdict<F::Output>> Future for Body<F, V> {
    type Output = Outcome<V::Value>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !*this.admitted {
            if !this.place.poll_admitted(cx) {
                return Poll::Pending;
            }
            *this.admitted = true;
        }
        let nursery = &this.place.nursery;
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                let Some(verdict) = this.verdict.take() else { unreachable!("a future is ready once") };
                Poll::Ready(verdict.judge(output).map_err(|error| {
                    let text = error.to_string().into();
                    nursery.fail(error);
                    text
                }))
            }
            Err(payload) => {
                let message = super::panic::message(&*payload);
                // A simulation must know of a panic before it can be told that it has an owner.
                rt::panicked(&message);
                rt::panic_seen();
                let panic = Panic::new(message, None, this.name.clone(), this.site);
                nursery.fail(TaskError::Panicked(panic).into());
                // On to the task itself, which counts and reports it.
                resume_unwind(payload)
            }
        }
    }
}
