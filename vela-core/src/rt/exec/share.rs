//! What the tasks and runners of one Tokio runtime share: the injector, sharing, references.
#![allow(unsafe_code)]

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::runtime::{self, Handle, RuntimeFlavor};

use super::gate::Gate;
use super::idle::Idle;
use super::queue::Queue;
use super::slot::{self, PILE, Slot};
use super::task::Header;

/// At most so many tasks are taken out of the injector, or kept by who shares, at once.
const BATCH: usize = 64;
/// Runners beyond one per worker, for workers that block in place.
const SPARE: usize = 8;

/// Keeps what different threads write apart.
#[repr(align(128))]
pub(super) struct Apart<T>(pub(super) T);

pub(super) struct Shared {
    /// The registry, each runner, each task, each thread that remembers it.
    refs: Apart<AtomicUsize>,
    pub(super) gate: Apart<Gate>,
    /// Tasks that any runner may take.
    injector: Apart<Mutex<Queue>>,
    injected: AtomicUsize,
    pub(super) idle: Apart<Idle>,
    pub(super) slots: Box<[Apart<Slot>]>,
    /// How many of the slots have a runner.
    started: AtomicUsize,
    pub(super) id: runtime::Id,
    /// Gone when the runtime has ended, so that wakers that outlive it do not keep its parts.
    handle: Mutex<Option<Handle>>,
    /// It has several workers.
    pub(super) several: bool,
}

// SAFETY: the cells of a slot belong to who polls or drops its runner, its queue is used under its lock, and the tasks
// that are reached from here are Send.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

// -------------------------------------------------------------------------------------------- references

/// A counted reference to [`Shared`]. Not an `Arc`: runners take references in blocks, and tasks hold them as pointers.
pub(super) struct Ref(NonNull<Shared>);

// SAFETY: as `Arc<Shared>`.
unsafe impl Send for Ref {}
// SAFETY: as above.
unsafe impl Sync for Ref {}

impl Ref {
    pub(super) fn new(handle: Handle) -> Self {
        let several = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
        let workers = handle.metrics().num_workers().clamp(1, u64::BITS as usize - SPARE);
        let slots = workers + if several { SPARE } else { 0 };
        let shared = Box::leak(Box::new(Shared {
            refs: Apart(AtomicUsize::new(1)),
            gate: Apart(Gate::new()),
            injector: Apart(Mutex::new(Queue::new())),
            injected: AtomicUsize::new(0),
            idle: Apart(Idle::new(0)),
            slots: (0..slots).map(|index| Apart(Slot::new(index))).collect(),
            started: AtomicUsize::new(0),
            id: handle.id(),
            handle: Mutex::new(Some(handle)),
            several,
        }));
        for slot in &shared.slots {
            slot.0.belong_to(shared);
        }
        Self(NonNull::from(shared))
    }

    /// The pointer; the reference goes with it.
    pub(super) fn into_raw(self) -> NonNull<Shared> {
        let shared = self.0;
        std::mem::forget(self);
        shared
    }

    pub(super) fn as_raw(&self) -> NonNull<Shared> {
        self.0
    }

    /// How many runners a runtime starts with.
    pub(super) fn workers(&self) -> usize {
        self.slots.len() - if self.several { SPARE } else { 0 }
    }

    /// Starts one more runner, if there may be more.
    pub(super) fn start_runner(&self) {
        let locked = self.handle.lock();
        let handle = locked.clone();
        // Under the lock: each slot has one runner.
        let index = self.started.load(Ordering::SeqCst);
        if let Some(handle) = handle
            && index < self.slots.len()
        {
            self.started.store(index + 1, Ordering::SeqCst);
            drop(locked);
            super::runner::start(&handle, self, index);
        }
    }
}

impl Clone for Ref {
    fn clone(&self) -> Self {
        add_refs(self, 1);
        Self(self.0)
    }
}

impl Deref for Ref {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        // SAFETY: counted.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Ref {
    fn drop(&mut self) {
        // SAFETY: this one.
        unsafe { drop_refs(self.0, 1) };
    }
}

pub(super) fn add_refs(shared: &Shared, n: usize) {
    // Relaxed: made from a reference that exists, as in `Arc`.
    shared.refs.0.fetch_add(n, Ordering::Relaxed);
}

/// # Safety
///
/// The caller has `n` references, and uses them no more.
pub(super) unsafe fn drop_refs(shared: NonNull<Shared>, n: usize) {
    // SAFETY: by the caller. Release, and Acquire by the last: as in `Arc`.
    if unsafe { shared.as_ref() }.refs.0.fetch_sub(n, Ordering::Release) == n {
        fence(Ordering::Acquire);
        // SAFETY: the last; made from a box by `Ref::new`.
        drop(unsafe { Box::from_raw(shared.as_ptr()) });
    }
}

/// The reference of a task that was freed.
#[inline]
pub(super) fn return_ref(shared: NonNull<Shared>) {
    if !slot::here(shared).is_some_and(Slot::keep_ref) {
        // SAFETY: the task's.
        unsafe { drop_refs(shared, 1) };
    }
}

// ---------------------------------------------------------------------------------------------- enqueueing

/// Where a wake on this thread puts a task.
pub(super) struct Place {
    slot: Option<&'static Slot>,
    shared: NonNull<Shared>,
}

/// The right to enqueue.
pub(super) enum Ticket {
    /// In the queue of the runner that is polled on this thread.
    Inside(&'static Slot),
    /// In the injector, through the gate.
    Outside(NonNull<Shared>),
}

impl Place {
    #[inline]
    pub(super) fn of(shared: NonNull<Shared>) -> Self {
        Self { slot: slot::here(shared), shared }
    }

    pub(super) fn outside(shared: NonNull<Shared>) -> Self {
        Self { slot: None, shared }
    }

    /// `None`: the runtime has ended.
    #[inline]
    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self.slot {
            Some(slot) => Some(Ticket::Inside(slot)),
            // Not `then_some`: a ticket that is dropped leaves the gate.
            // SAFETY: the caller has a task, and that a reference.
            None => unsafe { self.shared.as_ref() }.gate.0.enter().then(|| Ticket::Outside(self.shared)),
        }
    }
}

impl Ticket {
    /// The caller holds ACTIVE of the task, and gives it away.
    #[inline]
    pub(super) fn push(self, task: NonNull<Header>) {
        match &self {
            Self::Inside(slot) => slot.push(task),
            // SAFETY: it lives at least until the gate is left.
            Self::Outside(shared) => unsafe { shared.as_ref() }.inject(task),
        }
    }
}

impl Drop for Ticket {
    #[inline]
    fn drop(&mut self) {
        if let Self::Outside(shared) = self {
            // SAFETY: it lives at least until the gate is left, and is not touched after that.
            unsafe { shared.as_ref() }.gate.0.leave();
        }
    }
}

impl Shared {
    #[cold]
    #[inline(never)]
    fn inject(&self, task: NonNull<Header>) {
        let mut queue = Queue::new();
        // SAFETY: by the ticket, ACTIVE is ours.
        unsafe { queue.push(task) };
        self.inject_all(queue);
    }

    /// Gives the runner that was called for it, if one was.
    pub(super) fn inject_all(&self, mut more: Queue) -> Option<usize> {
        let mut queue = self.injector.0.lock();
        queue.append(&mut more);
        self.injected.store(queue.len(), Ordering::SeqCst);
        drop(queue);
        self.notify()
    }

    /// Wakes a runner that waits, unless one is on its way already.
    pub(super) fn notify(&self) -> Option<usize> {
        let called = self.idle.0.call();
        if let Some(index) = called {
            self.slots[index].0.wake();
        }
        called
    }

    pub(super) fn injected(&self) -> usize {
        self.injected.load(Ordering::SeqCst)
    }

    /// A share of what is in the injector. A searcher takes more of it: who gave it away has kept his half.
    pub(super) fn take(&self, searching: bool) -> Queue {
        if self.injected() == 0 {
            return Queue::new();
        }
        let mut queue = self.injector.0.lock();
        let busy = self.started.load(Ordering::Relaxed).saturating_sub(self.idle.0.count());
        let share = if searching { queue.len() } else { queue.len().div_ceil(busy.max(1)) };
        let taken = queue.split(share.min(BATCH));
        self.injected.store(queue.len(), Ordering::SeqCst);
        taken
    }

    /// All of the injector, at the end.
    pub(super) fn take_all(&self) -> Queue {
        let mut queue = self.injector.0.lock();
        self.injected.store(0, Ordering::SeqCst);
        std::mem::take(&mut *queue)
    }

    /// Gives half of a runner's queue, of at least `least`, away, if another one has nothing to do. Whether it did.
    #[inline]
    pub(super) fn share(&self, slot: &Slot, least: usize) -> bool {
        self.idle.0.any() && self.share_out(slot, least)
    }

    #[cold]
    #[inline(never)]
    fn share_out(&self, slot: &Slot, least: usize) -> bool {
        let shares = !self.idle.0.is_searched() && slot.len() >= least && !slot.load.is_gathered();
        if shares && let Some(called) = self.inject_all(slot.cut(BATCH)) {
            self.keep_if_in_vain(slot, called);
        }
        shares
    }

    /// After a runner has shared out: if it does that in vain, it takes back what it can.
    fn keep_if_in_vain(&self, slot: &Slot, called: usize) {
        let totals = self.slots().map(|slot| slot.load.total());
        if let Some(called) = slot.load.shared_out(slot.index, called, Instant::now(), totals) {
            slot.append(self.take(true));
            self.slots().filter(|other| called & 1 << other.index != 0).for_each(|other| slot.append(other.cut(0)));
        }
    }

    /// Half of the queue of another runner whose tasks compute, or that has very many.
    pub(super) fn steal(&self, slot: &Slot) -> Queue {
        let from = self.slots().find(|other| {
            let least = if other.load.is_eager() { 1 } else { PILE };
            other.index != slot.index && other.len() >= least && !other.load.is_gathered()
        });
        from.map_or_else(Queue::new, |other| other.cut(BATCH))
    }

    /// Brings the tasks of a hot runner to the first other one that is hot, too.
    pub(super) fn join(&self, slot: &Slot) {
        let Some(other) = self.slots().take(slot.index).find(|other| other.load.is_hot()) else { return };
        if !self.gate.0.enter() {
            return;
        }
        other.load.gather(slot.load.rate());
        slot.load.leave();
        other.append(slot.cut(0));
        if self.idle.0.call_one(other.index) {
            other.wake();
        }
        self.gate.0.leave();
    }

    /// Moves the tasks behind a long poll, all or half of them, to where others find them. Not by a runner.
    pub(super) fn relieve(&self, slot: &Slot, all: bool) {
        if !self.gate.0.enter() {
            return;
        }
        let tasks = slot.cut(if all { 0 } else { BATCH });
        if tasks.len() != 0 {
            self.inject_all(tasks);
        }
        self.gate.0.leave();
    }

    /// The slots that have a runner.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots[..self.started.load(Ordering::Acquire)].iter().map(|slot| &slot.0)
    }

    pub(super) fn all_idle(&self) -> bool {
        self.idle.0.count() >= self.started.load(Ordering::SeqCst)
    }

    pub(super) fn forget_handle(&self) {
        let handle = self.handle.lock().take();
        drop(handle);
    }
}
