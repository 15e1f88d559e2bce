//! The state of one runner: its queue, and the list of the tasks that it has seen pending.
#![allow(unsafe_code)]

use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Instant;

use super::load::Load;
use super::queue::Queue;
use super::share::{self, Shared};
use super::spin::Spin;
use super::task::{self, Header, NOWHERE};

/// So many tasks behind a poll that goes on are worth waking another runner for.
pub(super) const PILE: usize = 64;
/// So many tasks in a row may go before those that are queued.
pub(super) const AHEAD: u32 = 3;
/// Tasks that do nothing, for each runner.
pub(super) const NUDGES: usize = 4;
/// How many references to [`Shared`] a runner takes at once.
const REFS: usize = 1024;
/// In place of a stack's top: nothing is pushed any more.
const CLOSED: *mut Header = ptr::without_provenance_mut(1);

pub(super) struct Slot {
    shared: Cell<*const Shared>,
    pub(super) index: usize,
    /// The task that came when nothing was queued, before those in `queue`. Its runner puts it there, anybody takes it away: so
    /// a pair that takes turns needs no lock.
    front: AtomicPtr<Header>,
    lock: Spin,
    /// Under `lock`.
    queue: UnsafeCell<Queue>,
    /// Its length, for others to look at.
    len: AtomicUsize,
    /// How many polls its runner has begun.
    pub(super) polls: AtomicU64,
    /// The monitor's: `polls` when it looked last.
    pub(super) seen: AtomicU64,
    pub(super) waker: OnceLock<Waker>,
    pub(super) nudges: [OnceLock<Waker>; NUDGES],
    nudged: AtomicUsize,
    /// Tasks of the list that have completed elsewhere, linked by `link`.
    returns: AtomicPtr<Header>,

    // The cells belong to who polls or drops the runner.
    /// How many tasks in a row went before those in `queue`.
    ahead: Cell<u32>,
    list: Cell<Option<NonNull<Header>>>,
    /// References to `shared` that no task has.
    spare: Cell<usize>,
    /// When it last gave way, and whether Tokio's tasks then took long.
    pub(super) gave_way: Cell<Option<Instant>>,
    pub(super) crowded: Cell<bool>,
    /// How many polls go between two looks at the clock.
    pub(super) round: Cell<u32>,
    pub(super) load: Load,
}

thread_local! {
    /// The runner that is being polled, or dropped, on this thread.
    static CURRENT: Cell<*const Slot> = const { Cell::new(ptr::null()) };
}

/// The runner that is being polled on this thread.
#[inline]
pub(super) fn current<'a>() -> Option<&'a Slot> {
    // SAFETY: set only while its runner is polled or dropped, by this thread, and a runner has a reference to what the
    // slot lies in.
    unsafe { CURRENT.get().as_ref() }
}

/// The same, if it is one of `shared`.
#[inline]
pub(super) fn here<'a>(shared: NonNull<Shared>) -> Option<&'a Slot> {
    current().filter(|slot| ptr::eq(slot.shared.get(), shared.as_ptr()))
}

/// While it lives, the runner is the one that is polled on this thread.
pub(super) struct Entered(*const Slot);

impl Entered {
    pub(super) fn new(slot: &Slot) -> Self {
        Self(CURRENT.replace(slot))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl Slot {
    pub(super) fn new(index: usize) -> Self {
        Self {
            shared: Cell::new(ptr::null()),
            index,
            front: AtomicPtr::new(ptr::null_mut()),
            lock: Spin::new(),
            queue: UnsafeCell::new(Queue::new()),
            len: AtomicUsize::new(0),
            polls: AtomicU64::new(0),
            seen: AtomicU64::new(u64::MAX),
            waker: OnceLock::new(),
            nudges: [const { OnceLock::new() }; NUDGES],
            nudged: AtomicUsize::new(0),
            returns: AtomicPtr::new(ptr::null_mut()),
            ahead: Cell::new(0),
            list: Cell::new(None),
            spare: Cell::new(0),
            gave_way: Cell::new(None),
            crowded: Cell::new(false),
            round: Cell::new(super::runner::ROUND / 4),
            load: Load::default(),
        }
    }

    pub(super) fn belong_to(&self, shared: &Shared) {
        self.shared.set(shared);
    }

    pub(super) fn shared(&self) -> &Shared {
        // SAFETY: the slot lies in it.
        unsafe { &*self.shared.get() }
    }

    // ------------------------------------------------------------------------------------ references

    /// A reference for a new task.
    #[inline]
    pub(super) fn spend_ref(&self) -> NonNull<Shared> {
        let shared = self.shared();
        if self.spare.get() == 0 {
            share::add_refs(shared, REFS);
            self.spare.set(REFS);
        }
        self.spare.set(self.spare.get() - 1);
        NonNull::from(shared)
    }

    /// Whether it keeps a reference that is handed over.
    #[inline]
    pub(super) fn keep_ref(&self) -> bool {
        let spare = self.spare.get();
        let keeps = spare < 4 * REFS;
        if keeps {
            self.spare.set(spare + 1);
        }
        keeps
    }

    // ----------------------------------------------------------------------------------------- waking

    /// Wakes its runner.
    pub(super) fn wake(&self) {
        let Some(waker) = self.waker.get() else { return };
        waker.wake_by_ref();
        if let Some(here) = current() {
            here.nudge();
        } else if tokio::task::try_id().is_some() {
            // By a task of Tokio's, whose poll may go on for long.
            self.nudge();
        }
    }

    /// Drives what this thread has woken last out of Tokio's LIFO slot, where no other worker finds it, by waking
    /// something else. That wake also calls a worker.
    fn nudge(&self) {
        let nth = self.nudged.fetch_add(1, Ordering::Relaxed) % NUDGES;
        if let Some(waker) = self.nudges[nth].get() {
            waker.wake_by_ref();
        }
    }

    // -------------------------------------------------------------------------------------- the queue

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> R {
        self.lock.with(|| {
            // SAFETY: under the lock.
            let queue = unsafe { &mut *self.queue.get() };
            let result = f(queue);
            self.len.store(queue.len(), Ordering::Relaxed);
            result
        })
    }

    /// How many tasks are queued: a hint.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) + usize::from(!self.front.load(Ordering::Relaxed).is_null())
    }

    /// The caller is polled by the runner, holds ACTIVE of the task, and gives it away.
    #[inline]
    pub(super) fn push(&self, task: NonNull<Header>) {
        if self.len() == 0 {
            self.put_front(task);
        } else {
            self.push_back(task);
        }
    }

    /// The same for a task that is to come before those in the queue; if no other does, and not too many did.
    #[inline]
    pub(super) fn push_next(&self, task: NonNull<Header>) {
        if self.front.load(Ordering::Relaxed).is_null() && self.ahead.get() < AHEAD {
            self.put_front(task);
        } else {
            self.push_back(task);
        }
    }

    #[inline]
    fn put_front(&self, task: NonNull<Header>) {
        // Nobody else fills it. Release: pairs with `take_front`.
        self.front.store(task.as_ptr(), Ordering::Release);
    }

    #[inline]
    fn push_back(&self, task: NonNull<Header>) {
        let len = self.with(|queue| {
            // SAFETY: by the caller.
            unsafe { queue.push(task) };
            queue.len()
        });
        if len >= PILE || self.load.is_eager() {
            let _ = self.shared().share(self, 1);
        }
    }

    /// By the runner.
    #[inline]
    pub(super) fn pop(&self) -> Option<NonNull<Header>> {
        let queued = self.len.load(Ordering::Relaxed) != 0;
        let front = self.take_front();
        self.ahead.set(if queued && front.is_some() { self.ahead.get() + 1 } else { 0 });
        if front.is_some() || !queued {
            return front;
        }
        self.with(Queue::pop)
    }

    #[inline]
    fn take_front(&self) -> Option<NonNull<Header>> {
        if self.front.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Acquire: pairs with the store in `push`.
        NonNull::new(self.front.swap(ptr::null_mut(), Ordering::Acquire))
    }

    pub(super) fn append(&self, mut tasks: Queue) {
        if tasks.len() != 0 {
            self.with(|queue| queue.append(&mut tasks));
        }
    }

    /// Keeps half of what is queued, at most `keep`, and gives the rest.
    pub(super) fn cut(&self, keep: usize) -> Queue {
        self.with(|queue| {
            let before = usize::from(!self.front.load(Ordering::Relaxed).is_null());
            let keep = ((before + queue.len()) / 2).min(keep);
            let kept = queue.split(keep.saturating_sub(before));
            let mut rest = std::mem::replace(queue, kept);
            if keep == 0
                && let Some(front) = self.take_front()
            {
                // SAFETY: taken: ACTIVE is ours.
                unsafe { rest.push_front(front) };
            }
            rest
        })
    }

    // ------------------------------------------------------------ the list of tasks that have been pending

    /// The caller holds ACTIVE.
    pub(super) fn adopt(&self, task: NonNull<Header>) {
        // SAFETY: a task that has not completed is alive (I2). The home belongs to who holds ACTIVE, the list to us.
        let header = unsafe { task.as_ref() };
        header.home.set(self.index as u32);
        header.after.set(self.list.get());
        if let Some(first) = self.list.get() {
            // SAFETY: what is in the list is alive (I2).
            unsafe { first.as_ref() }.before.set(Some(task));
        }
        self.list.set(Some(task));
    }

    pub(super) fn first(&self) -> Option<NonNull<Header>> {
        self.list.get()
    }

    fn unlink(&self, task: NonNull<Header>) {
        // SAFETY: what is in the list is alive (I2).
        let header = unsafe { task.as_ref() };
        let (before, after) = (header.before.get(), header.after.get());
        if before == Some(task) {
            // See `give_up`.
            return;
        }
        match before {
            // SAFETY: as above.
            Some(before) => unsafe { before.as_ref() }.after.set(after),
            None => self.list.set(after),
        }
        if let Some(after) = after {
            // SAFETY: as above.
            unsafe { after.as_ref() }.before.set(before);
        }
    }

    /// Takes a task out of the list that completes elsewhere; it is its own neighbour then.
    pub(super) fn give_up(&self, task: NonNull<Header>) {
        self.unlink(task);
        // SAFETY: as in `unlink`.
        unsafe { task.as_ref() }.before.set(Some(task));
    }

    /// Takes what has completed elsewhere out of the list.
    #[inline]
    pub(super) fn drain_returns(&self) {
        if !self.returns.load(Ordering::Relaxed).is_null() {
            self.drain(ptr::null_mut());
        }
    }

    /// The same for the last time; who completes a task from now on releases it himself. The spare references go.
    pub(super) fn close(&self) {
        self.drain(CLOSED);
        // SAFETY: they are the runner's, who has one more.
        unsafe { share::drop_refs(NonNull::from(self.shared()), self.spare.take()) };
    }

    fn drain(&self, top: *mut Header) {
        // Acquire: pairs with the release in `leave`.
        let mut next = NonNull::new(self.returns.swap(top, Ordering::Acquire));
        while let Some(task) = next {
            // SAFETY: who completed it has given it to us with the task's own reference.
            next = unsafe { task.as_ref() }.link.get();
            self.unlink(task);
            // SAFETY: as above.
            unsafe { task::release(task) };
        }
    }
}

/// A completed task leaves its list, and its own reference goes.
#[inline]
pub(super) fn leave(task: NonNull<Header>) {
    // SAFETY: by the task's own reference.
    let header = unsafe { task.as_ref() };
    let home = header.home.get();
    if home != NOWHERE {
        match here(header.shared) {
            Some(slot) if slot.index == home as usize => slot.unlink(task),
            _ => {
                if send_home(header, task) {
                    return;
                }
            }
        }
    }
    // SAFETY: the task's own reference.
    unsafe { task::release(task) };
}

/// False: the runner of its home has ended.
fn send_home(header: &Header, task: NonNull<Header>) -> bool {
    // SAFETY: by the task's reference to it.
    let returns = &unsafe { header.shared.as_ref() }.slots[header.home.get() as usize].0.returns;
    let mut top = returns.load(Ordering::Relaxed);
    while top != CLOSED {
        // The link is ours: we have completed the task, and it is in no queue.
        header.link.set(NonNull::new(top));
        // Release: pairs with the acquire in `drain`.
        match returns.compare_exchange_weak(top, task.as_ptr(), Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => top = now,
        }
    }
    false
}
