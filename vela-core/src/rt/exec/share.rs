//! What the tasks and runners of one Tokio runtime share: the injector, sharing, references.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::task::Waker;
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
/// Who has so many tasks does not share out in vain.
const PLENTY: usize = 16;
/// As many as [`Idle`] has bits for. Those beyond one per worker are for workers that block in place.
const MOST_RUNNERS: usize = u64::BITS as usize;
const LEAST_SPARE: usize = 8;

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
    /// It was said that there can be no more.
    told: AtomicBool,
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
        let slots = if several { MOST_RUNNERS } else { 1 };
        let shared = Box::leak(Box::new(Shared {
            refs: Apart(AtomicUsize::new(1)),
            gate: Apart(Gate::new()),
            injector: Apart(Mutex::new(Queue::new())),
            injected: AtomicUsize::new(0),
            idle: Apart(Idle::new(0)),
            slots: (0..slots).map(|index| Apart(Slot::new(index))).collect(),
            started: AtomicUsize::new(0),
            told: AtomicBool::new(false),
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

    /// Starts the runners that the runtime begins with: one for each worker.
    pub(super) fn start_runners(&self, workers: usize) {
        for _ in 0..workers.clamp(1, MOST_RUNNERS - LEAST_SPARE) {
            self.start_runner();
        }
    }

    /// All runners are stuck, and tasks wait: starts one more, unless the last one is still waiting for a worker.
    pub(super) fn reinforce(&self) {
        let started = self.slots().count();
        if self.slots().last().is_some_and(|last| last.waker.get().is_some()) {
            self.start_runner();
            if started == self.slots.len() && !self.told.swap(true, Ordering::Relaxed) {
                crate::rt::say(format_args!(
                    "vela: {started} tasks block their threads at the same time (block_in_place), and others wait for them; \
                     no more can be polled on this runtime. Use spawn_blocking, or the option run_queue = \"tokio\"."
                ));
            }
        }
    }

    fn start_runner(&self) {
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

thread_local! {
    /// What is woken on this thread is to go on before what is queued.
    static NEXT: Cell<bool> = const { Cell::new(false) };
}

/// Wakes a task that has been sent something: it goes on next, if it is woken into the queue of this thread's runner. Its sender
/// is about to send more, until the channel is full; were others first, they would find it full.
#[inline]
pub(crate) fn wake_next(waker: Waker) {
    NEXT.set(true);
    waker.wake();
    NEXT.set(false);
}

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
            Self::Inside(slot) if NEXT.get() => slot.push_next(task),
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
        let len = slot.len();
        if len >= PLENTY {
            slot.load.has_plenty();
        }
        let shares = !self.idle.0.is_searched() && len >= least && !slot.load.is_gathered();
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

#[cfg(all(test, not(vela_loom)))]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::runtime::{Builder, Runtime};

    use super::super::load::Done;
    use super::super::slot::AHEAD;
    use super::super::task;
    use super::*;

    /// Slots without runners, so that nothing moves by itself.
    struct Still {
        shared: Ref,
        _runtime: Runtime,
    }

    impl Still {
        fn new() -> Self {
            let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
            let shared = Ref::new(runtime.handle().clone());
            shared.started.store(3, Ordering::SeqCst);
            Self { shared, _runtime: runtime }
        }

        fn slot(&self, index: usize) -> &Slot {
            &self.shared.slots[index].0
        }

        fn push(&self, index: usize, count: usize) {
            for _ in 0..count {
                let (task, handle) = task::new(task::Unreported::new(async {}), self.shared.clone().into_raw());
                drop(handle);
                self.slot(index).push(task);
            }
        }

        /// A window in which each operation took so many nanoseconds, and locks a tenth of the time if it contends.
        fn worked(&self, index: usize, each: u32, contends: bool) {
            let time = Duration::from_micros(50);
            let waited = if contends { time / 10 } else { Duration::ZERO };
            let operations = (time - waited).as_nanos() as u32 / each;
            let _ = self.slot(index).load.add(Done { time, operations, waited }, Instant::now());
        }

        fn lens(&self) -> [usize; 3] {
            [0, 1, 2].map(|index| self.slot(index).len())
        }

        fn sleep(&self, index: usize) {
            assert!(self.shared.idle.0.sleep(index, || false));
        }

        /// Wakes it.
        fn was_asleep(&self, index: usize) -> bool {
            self.shared.idle.0.call_one(index)
        }
    }

    impl Drop for Still {
        fn drop(&mut self) {
            let slots = self.shared.slots().map(|slot| slot.cut(0));
            for mut queue in slots.chain([self.shared.take_all()]) {
                while let Some(task) = queue.pop() {
                    // SAFETY: out of a queue: ACTIVE is ours.
                    unsafe { task::end_cancelled(task) };
                }
            }
        }
    }

    const DENSE: u32 = 20;
    const COMPUTING: u32 = 10_000;

    #[test]
    fn a_hot_runner_brings_all_to_a_lower_one_that_is_hot_and_wakes_it() {
        let still = Still::new();
        still.push(2, 5);
        still.push(1, 1);
        [1, 2].into_iter().for_each(|index| still.worked(index, DENSE, true));
        still.sleep(1);
        still.shared.join(still.slot(2));
        assert_eq!(still.lens(), [0, 6, 0]);
        assert!(!still.was_asleep(1));
        assert!(still.slot(1).load.is_gathered() && !still.slot(2).load.is_gathered());
        assert!(![1, 2].iter().any(|&index| still.slot(index).load.is_hot()));
        assert_eq!(still.slot(2).load.rate(), 0);
    }

    #[test]
    fn a_hot_runner_keeps_its_tasks_if_no_lower_one_is_hot() {
        let still = Still::new();
        still.push(1, 5);
        still.worked(0, DENSE, false);
        [1, 2].into_iter().for_each(|index| still.worked(index, DENSE, true));
        still.shared.join(still.slot(1));
        assert_eq!(still.lens(), [0, 5, 0]);
        assert!(still.slot(1).load.is_hot());
    }

    #[test]
    fn nothing_is_brought_or_relieved_once_the_runtime_ends() {
        let still = Still::new();
        still.push(1, 5);
        [0, 1].into_iter().for_each(|index| still.worked(index, DENSE, true));
        assert!(still.shared.gate.0.close());
        still.shared.join(still.slot(1));
        still.shared.relieve(still.slot(1), true);
        assert_eq!((still.lens(), still.shared.injected()), ([0, 5, 0], 0));
    }

    #[test]
    fn half_of_a_queue_is_stolen_where_the_tasks_compute_and_only_there() {
        let still = Still::new();
        (0..3).for_each(|index| still.push(index, 7));
        still.worked(0, DENSE, false);
        still.worked(2, COMPUTING, false);
        // Not from itself, either.
        assert_eq!(still.shared.steal(still.slot(2)).len(), 0);
        let stolen = still.shared.steal(still.slot(1));
        assert_eq!((stolen.len(), still.lens()), (4, [7, 7, 3]));
        still.slot(1).append(stolen);
        for left in [1, 0, 0] {
            still.slot(0).append(still.shared.steal(still.slot(1)));
            assert_eq!(still.slot(2).len(), left);
        }
    }

    #[test]
    fn what_was_brought_together_is_not_shared() {
        let still = Still::new();
        [0, 1].into_iter().for_each(|index| still.worked(index, DENSE, true));
        still.push(1, 8);
        still.shared.join(still.slot(1));
        still.sleep(1);
        assert!(!still.shared.share(still.slot(0), 1));
        assert_eq!(still.shared.injected(), 0);
        // From a long poll it is taken, all the same.
        still.shared.relieve(still.slot(0), true);
        assert_eq!((still.lens(), still.shared.injected()), ([0, 0, 0], 8));
    }

    #[test]
    fn what_is_to_come_next_goes_first_but_only_so_often() {
        let still = Still::new();
        let slot = still.slot(0);
        still.push(0, 4);
        let tasks: Vec<_> = std::iter::from_fn(|| slot.pop()).collect();
        let [next, front, one, other] = tasks[..] else { unreachable!() };
        [front, one, other].into_iter().for_each(|task| slot.push(task));
        assert_eq!(slot.pop(), Some(front));
        for _ in 1..AHEAD {
            slot.push_next(next);
            assert_eq!(slot.pop(), Some(next));
        }
        slot.push_next(next);
        let rest: Vec<_> = std::iter::from_fn(|| slot.pop()).collect();
        assert_eq!(rest, [one, other, next]);
        // From here on it may go first again.
        slot.push(front);
        slot.push(one);
        assert_eq!(slot.pop(), Some(front));
        slot.push_next(next);
        assert_eq!(slot.pop(), Some(next));
        [front, next, other].into_iter().for_each(|task| slot.push(task));
    }

    #[test]
    fn who_has_shared_in_vain_shares_plenty_all_the_same() {
        let still = Still::new();
        still.worked(0, DENSE, false);
        let load = &still.slot(0).load;
        while load.shared_out(0, 1, Instant::now(), [1_000_000, 0, 0].into_iter()).is_none() {}
        still.sleep(1);
        still.push(0, PLENTY - 1);
        assert!(!still.shared.share(still.slot(0), 1));
        still.push(0, 1);
        assert!(still.shared.share(still.slot(0), 1));
        assert_eq!(still.lens(), [PLENTY / 2, 0, 0]);
    }

    #[test]
    fn tasks_that_compute_are_shared_as_soon_as_one_waits_behind_another() {
        let still = Still::new();
        still.sleep(1);
        still.push(0, 2);
        assert_eq!(still.shared.injected(), 0);
        still.worked(0, COMPUTING, false);
        still.push(0, 1);
        assert_eq!((still.lens(), still.shared.injected()), ([1, 0, 0], 2));
        // One is on its way: nobody else is called.
        still.sleep(2);
        still.push(0, 1);
        assert!(still.shared.idle.0.is_searched());
        assert_eq!(still.lens(), [2, 0, 0]);
    }
}
