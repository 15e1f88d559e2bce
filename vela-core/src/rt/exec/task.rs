//! A task: one allocation with a header, the future, and then its output in the future's place.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::handle::JoinHandle;
use super::share::{self, Shared};
use super::slot;
use super::state::{Begin, End, Output, State};
use super::waker;
use crate::rt::JoinError;

/// A future that leaves it to who polls it to catch its panics, and then wants to be told: so that they are caught once.
pub(crate) trait Reports: Future {
    /// As [`Future::poll`]; a panic is not reported.
    fn poll_unguarded(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output>;

    /// It has panicked.
    fn report(&self, payload: &(dyn Any + Send));
}

pin_project! {
    /// One whose panic only its join handle tells of.
    pub(crate) struct Unreported<F> {
        #[pin]
        future: F,
    }
}

impl<F> Unreported<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Unreported<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl<F: Future> Reports for Unreported<F> {
    fn poll_unguarded(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.poll(cx)
    }

    fn report(&self, _: &(dyn Any + Send)) {}
}

/// No runner has it in its list.
pub(super) const NOWHERE: u32 = u32::MAX;

pub(super) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static VTable,
    /// The next in a queue or stack. Belongs to who holds ACTIVE, then to who has completed the task.
    pub(super) link: Cell<Option<NonNull<Header>>>,
    pub(super) shared: NonNull<Shared>,
    /// The list of the tasks that have been pending: these belong to the runner `home`.
    pub(super) before: Cell<Option<NonNull<Header>>>,
    pub(super) after: Cell<Option<NonNull<Header>>>,
    /// The runner that saw it pending first. Set once, by who holds ACTIVE.
    pub(super) home: Cell<u32>,
    pub(super) id: u64,
    /// The join handle's waker.
    pub(super) join: UnsafeCell<Option<Waker>>,
}

pub(super) struct VTable {
    /// Polls the future; true if it is ready or has panicked: then the output is in place. Needs ACTIVE.
    poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> bool,
    /// Drops the future and puts [`JoinError::Cancelled`] in its place. Needs ACTIVE.
    cancel: unsafe fn(NonNull<Header>),
    /// Moves the output to a `*mut Option<Result<T, JoinError>>`. Needs the ownership of the output.
    pub(super) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output, if it is still there. As `take`.
    pub(super) discard: unsafe fn(NonNull<Header>),
    /// Needs the last reference.
    free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Whole<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Gone,
}

// ------------------------------------------------------------------------------------------------ the vtable

impl<F: Reports> Whole<F> {
    const VTABLE: VTable =
        VTable { poll: Self::poll, cancel: Self::cancel, take: Self::take, discard: Self::discard, free: Self::free };

    /// # Safety
    ///
    /// `task` is the header of a `Whole<F>` that is alive, and the caller has its stage to himself for `'a`.
    unsafe fn stage<'a>(task: NonNull<Header>) -> &'a mut Stage<F> {
        // SAFETY: by the caller; `Whole` is `repr(C)` with the header first.
        unsafe { &mut *task.cast::<Self>().as_ref().stage.get() }
    }

    /// Drops what is there. The remains of something whose drop has panicked are not dropped again.
    fn clear(stage: &mut Stage<F>) -> std::thread::Result<()> {
        catch_unwind(AssertUnwindSafe(|| *stage = Stage::Gone))
    }

    /// # Safety
    ///
    /// The caller holds ACTIVE of `task`, a `Whole<F>`.
    unsafe fn poll(task: NonNull<Header>, cx: &mut Context<'_>) -> bool {
        // SAFETY: by the caller: ACTIVE is the right to the stage.
        let stage = unsafe { Self::stage(task) };
        let polled = catch_unwind(AssertUnwindSafe(|| match stage {
            // SAFETY: the allocation does not move, and the future is dropped in place.
            Stage::Future(future) => unsafe { Pin::new_unchecked(future) }.poll_unguarded(cx),
            _ => unreachable!("a task is not polled after its end"),
        }));
        let result = match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => {
                if let Stage::Future(future) = &*stage {
                    let _ = catch_unwind(AssertUnwindSafe(|| future.report(&*payload)));
                }
                Err(JoinError::Panicked(payload))
            }
        };
        // The future is gone before anybody hears of the output. A panic of its drop counts if it ended well.
        let result = match (Self::clear(stage), result) {
            (Err(payload), Ok(value)) => {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
                Err(JoinError::Panicked(payload))
            }
            (_, result) => result,
        };
        // SAFETY: the place is valid, and what was there has been dropped.
        unsafe { std::ptr::write(stage, Stage::Output(result)) };
        true
    }

    /// # Safety
    ///
    /// As [`poll`](Self::poll).
    unsafe fn cancel(task: NonNull<Header>) {
        // SAFETY: by the caller.
        let stage = unsafe { Self::stage(task) };
        let error = match Self::clear(stage) {
            Ok(()) => JoinError::Cancelled,
            Err(payload) => JoinError::Panicked(payload),
        };
        // SAFETY: as in `poll`.
        unsafe { std::ptr::write(stage, Stage::Output(Err(error))) };
    }

    /// # Safety
    ///
    /// The output of `task`, a `Whole<F>`, is the caller's, and `to` points to an `Option<Result<F::Output, JoinError>>`.
    unsafe fn take(task: NonNull<Header>, to: *mut ()) {
        // SAFETY: by the caller: the output is in the stage.
        let stage = unsafe { Self::stage(task) };
        let Stage::Output(result) = mem::replace(stage, Stage::Gone) else {
            panic!("a join handle was polled after it was ready");
        };
        // SAFETY: by the caller.
        unsafe { *to.cast::<Option<Result<F::Output, JoinError>>>() = Some(result) };
    }

    /// # Safety
    ///
    /// The output of `task`, a `Whole<F>`, is the caller's.
    unsafe fn discard(task: NonNull<Header>) {
        // SAFETY: as in `take`.
        let stage = unsafe { Self::stage(task) };
        if Self::clear(stage).is_err() {
            // SAFETY: as in `poll`.
            unsafe { std::ptr::write(stage, Stage::Gone) };
        }
    }

    /// # Safety
    ///
    /// The caller had the last reference to `task`, a `Whole<F>`.
    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: made by `new` from a box, and nobody else has it.
        drop(unsafe { Box::from_raw(task.cast::<Self>().as_ptr()) });
    }
}

/// A task that is ACTIVE, and its join handle. A reference to `shared` is handed over.
pub(super) fn new<F>(future: F, shared: NonNull<Shared>) -> (NonNull<Header>, JoinHandle<F::Output>)
where
    F: Reports<Output: Send> + Send + 'static,
{
    let whole = Box::new(Whole {
        header: Header {
            state: State::new(),
            vtable: &Whole::<F>::VTABLE,
            link: Cell::new(None),
            shared,
            before: Cell::new(None),
            after: Cell::new(None),
            home: Cell::new(NOWHERE),
            id: next_id(),
            join: UnsafeCell::new(None),
        },
        stage: UnsafeCell::new(Stage::Future(future)),
    });
    let task = NonNull::from(Box::leak(whole)).cast::<Header>();
    // SAFETY: a new task has a reference for its join handle, and its output is an `F::Output`.
    (task, unsafe { JoinHandle::new(task) })
}

/// Numbers are handed out to threads in blocks, so that these do not meet on a counter.
pub(crate) fn next_id() -> u64 {
    const BLOCK: u64 = 4096;
    static BLOCKS: AtomicU64 = AtomicU64::new(1);
    thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });
    let mut id = NEXT.get();
    if id.is_multiple_of(BLOCK) {
        // Relaxed: a counter on its own.
        id = BLOCKS.fetch_add(1, Ordering::Relaxed) * BLOCK;
    }
    NEXT.set(id + 1);
    id
}

// -------------------------------------------------------------------------------------------- polling a task

thread_local!(static RUNNING: Cell<u64> = const { Cell::new(0) });

/// The number of the task that is being polled on this thread.
pub(crate) fn current_id() -> Option<u64> {
    // No task has the number 0.
    Some(RUNNING.get()).filter(|id| *id != 0)
}

/// What a poll has left behind.
pub(super) enum After {
    Idle,
    /// The caller still holds ACTIVE, and enqueues it again.
    Again,
    Done,
}

/// Polls once. `adopt` is called before the task becomes idle for the first time.
///
/// # Safety
///
/// The caller holds ACTIVE, and gives it up unless `Again` is returned.
#[inline]
pub(super) unsafe fn run(task: NonNull<Header>, adopt: impl FnOnce(NonNull<Header>)) -> After {
    // SAFETY: a task that has not completed is alive (I2).
    let header = unsafe { task.as_ref() };
    if header.state.begin() == Begin::Cancelled {
        // SAFETY: by the caller.
        unsafe { end_cancelled(task) };
        return After::Done;
    }
    // SAFETY: the waker borrows the task's own reference, which outlives the poll, and is never dropped.
    let waker = ManuallyDrop::new(unsafe { waker::borrowed(task) });
    let outer = RUNNING.replace(header.id);
    // SAFETY: by the caller; it does not unwind.
    let ready = unsafe { (header.vtable.poll)(task, &mut Context::from_waker(&waker)) };
    RUNNING.set(outer);
    if ready {
        complete(task);
        return After::Done;
    }
    if header.home.get() == NOWHERE {
        adopt(task);
    }
    match header.state.end() {
        End::Idle => After::Idle,
        End::Again => After::Again,
        End::Cancelled => {
            // SAFETY: by the caller.
            unsafe { end_cancelled(task) };
            After::Done
        }
    }
}

/// Drops the future; the task reads as cancelled.
///
/// # Safety
///
/// The caller holds ACTIVE, and gives it up.
pub(super) unsafe fn end_cancelled(task: NonNull<Header>) {
    // SAFETY: by the caller; a task that has not completed is alive (I2).
    unsafe { (task.as_ref().vtable.cancel)(task) };
    complete(task);
}

/// The output is in place, and the caller held ACTIVE.
#[inline]
fn complete(task: NonNull<Header>) {
    // SAFETY: by the task's own reference.
    let header = unsafe { task.as_ref() };
    if header.home.get() == NOWHERE && header.state.complete_quietly() {
        return;
    }
    match header.state.complete() {
        // SAFETY: so the output is ours.
        Output::Callers => unsafe { (header.vtable.discard)(task) },
        Output::Handles => {}
        Output::Awaited => {
            // SAFETY: the slot belongs to who completed the task; the handle looks at it no more.
            if let Some(waker) = unsafe { (*header.join.get()).take() } {
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
        }
    }
    slot::leave(task);
}

/// Gives a reference up.
///
/// # Safety
///
/// The caller has one, and uses the task no more.
#[inline]
pub(super) unsafe fn release(task: NonNull<Header>) {
    // SAFETY: by the caller's reference.
    let header = unsafe { task.as_ref() };
    if header.state.release() {
        let shared = header.shared;
        // SAFETY: the last reference.
        unsafe { (header.vtable.free)(task) };
        share::return_ref(shared);
    }
}
