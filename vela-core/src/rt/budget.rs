//! The cooperative budget. Under a simulation it is one operation a poll: so there is a yield point before each.

use std::cell::Cell;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;

use super::{exec, seam};

/// The right to do one operation now, out of the task's cooperative budget. Nothing is charged unless
/// [`charge`](Self::charge) is called.
#[must_use]
pub(crate) struct Budget(());

/// One operation in so many is charged to Tokio's budget: to ask for it costs as much as the rest of a send.
const PER_CHARGE: u32 = 8;

thread_local! {
    /// How many operations on this thread go free before the next is charged, whichever task they belong to. 0 where a
    /// simulation runs.
    static FREE: Cell<u32> = const { Cell::new(0) };
}

thread_local! {
    /// How many operations on this thread were charged for. Nobody asks on a thread that has no runner.
    static BOUGHT: Cell<u32> = const { Cell::new(0) };
}

/// A backlog of so many values is long: its receivers do not keep up, and it leaves the cache.
const LONG_BACKLOG: usize = 2048;
/// So many sends onto a long backlog are one turn; if it is longer, as many fewer, down to an eighth.
const TURN: u32 = 128;

thread_local! {
    /// How many sends there were onto long backlogs since a task gave way for that.
    static HASTE: Cell<u32> = const { Cell::new(0) };
}

/// A value was sent, and so many are waiting there now. Who sends onto a long backlog gives way to its receivers more
/// often: what is received soon costs no memory, and no time to bring it back from there.
#[inline]
pub(crate) fn sent_onto(backlog: usize) {
    if backlog >= LONG_BACKLOG {
        let times = (backlog / LONG_BACKLOG).min(8) as u32;
        HASTE.set(HASTE.get().saturating_add(times));
    }
}

/// Whether the next who buys gives way instead. Only in a runner of ours, which comes back to him soon.
#[inline]
fn is_hasty() -> bool {
    HASTE.get() >= TURN && exec::inside()
}

/// About how many channel operations this thread has done since the last call.
#[inline]
pub(super) fn take_bought() -> u32 {
    BOUGHT.take()
}

/// Takes one operation of those that go free, or buys some. False: the budget is exhausted, or a simulation runs on this
/// thread; the operation has to ask by `poll_budget`.
#[inline]
pub(crate) fn take_free() -> bool {
    let free = FREE.get();
    if free == 0 && !buy_free() {
        return false;
    }
    FREE.set(FREE.get() - 1);
    true
}

#[cold]
#[inline(never)]
fn buy_free() -> bool {
    !seam::simulated()
        && !is_hasty()
        && coop::has_budget_remaining()
        && buy(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// What was taken was not used.
#[inline]
pub(crate) fn put_back_free() {
    FREE.set(FREE.get() + 1);
}

/// From here on every operation on this thread has to ask.
pub(super) fn forget_free() {
    FREE.set(0);
}

impl Budget {
    /// The operation was completed: it counts.
    #[inline]
    pub(crate) fn charge(self) {
        if !(seam::any() && simulated_charge()) {
            use_quietly();
        }
    }
}

/// Asks for the budget of one operation. `Pending`: it is exhausted, the task is woken again at once, and the
/// caller must give way without taking that for "nothing there".
///
/// Not for a caller that polls foreign futures between this call and [`Budget::charge`]: these may find the budget
/// exhausted, and look empty. Such a caller uses [`poll_has_budget`] and [`charge`].
#[inline]
pub(crate) fn poll_budget(cx: &mut Context<'_>) -> Poll<Budget> {
    if seam::any()
        && let Some(proceeds) = simulated_budget(cx)
    {
        return if proceeds { Poll::Ready(Budget(())) } else { Poll::Pending };
    }
    if FREE.get() == 0 {
        ready!(buy(cx));
    }
    Poll::Ready(Budget(()))
}

/// Charges the next few operations to the running task.
#[cold]
#[inline(never)]
fn buy(cx: &mut Context<'_>) -> Poll<()> {
    if is_hasty() {
        HASTE.set(0);
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    ready!(poll_exhausted(cx));
    ready!(coop::poll_proceed(cx)).made_progress();
    FREE.set(PER_CHARGE);
    BOUGHT.set(BOUGHT.get().saturating_add(PER_CHARGE));
    Poll::Ready(())
}

/// As `poll_budget` where there is no context: false where that is needed, or in a simulation.
#[inline]
pub(crate) fn buy_quietly() -> bool {
    FREE.get() > 0 || buy_free()
}

/// One operation was completed after [`buy_quietly`].
#[inline]
pub(crate) fn use_quietly() {
    FREE.set(FREE.get().saturating_sub(1));
}

/// Like `poll_budget`, without reserving anything.
#[inline]
pub fn poll_has_budget(cx: &mut Context<'_>) -> Poll<()> {
    if seam::any()
        && let Some(proceeds) = simulated_budget(cx)
    {
        return if proceeds { Poll::Ready(()) } else { Poll::Pending };
    }
    poll_exhausted(cx)
}

/// `Pending` if the budget is exhausted, with the task to be woken: by Tokio after it has asked its driver, or, in a runner of
/// ours, which has many tasks to Tokio's one, at once: to the back of the runner's queue.
#[inline]
fn poll_exhausted(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_remaining() {
        return Poll::Ready(());
    }
    if exec::inside() {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    // This registers the waker and says `Pending`.
    coop::poll_proceed(cx).map(drop)
}

/// Charges one completed operation; nothing happens if the budget is exhausted already.
#[inline]
pub fn charge(cx: &mut Context<'_>) {
    if !(seam::any() && simulated_charge())
        && coop::has_budget_remaining()
        && let Poll::Ready(budget) = coop::poll_proceed(cx)
    {
        budget.made_progress();
    }
}

/// Whether the operation may go on, by the simulation of this thread, if there is one.
#[cold]
#[inline(never)]
fn simulated_budget(cx: &mut Context<'_>) -> Option<bool> {
    seam::with(|executor| executor.may_proceed(cx))
}

/// Tells the simulation of this thread that an operation was completed; false if there is none.
#[cold]
#[inline(never)]
fn simulated_charge() -> bool {
    seam::with(|executor| executor.proceeded()).is_some()
}

#[cfg(all(test, not(vela_loom)))]
mod tests {
    use super::*;

    /// What is left of what was bought.
    fn use_up() -> u32 {
        std::iter::from_fn(|| (FREE.get() != 0).then(|| assert!(take_free()))).count() as u32
    }

    #[test]
    fn one_charge_buys_so_many_operations() {
        use_up();
        take_bought();
        assert!(take_free());
        assert_eq!((take_bought(), take_bought()), (PER_CHARGE, 0));
        assert_eq!(use_up(), PER_CHARGE - 1);
    }

    #[test]
    fn what_is_put_back_can_be_taken_again() {
        use_up();
        assert!(buy_quietly());
        let had = FREE.get();
        assert!(take_free());
        assert_eq!(FREE.get(), had - 1);
        put_back_free();
        assert_eq!(use_up(), had);
    }

    #[test]
    fn an_exhausted_budget_sells_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut cx = Context::from_waker(Waker::noop());
            while coop::has_budget_remaining() {
                coop::poll_proceed(&mut cx).map(|one| one.made_progress()).is_ready();
            }
            use_up();
            assert!(!take_free() && !buy_quietly());
            // What was bought before is there, all the same.
            put_back_free();
            assert!(buy_quietly() && take_free());
            assert!(!take_free());
        });
    }

    #[test]
    fn nobody_has_to_ask_what_was_bought() {
        // As on a thread without a runner.
        BOUGHT.set(u32::MAX - 1);
        use_up();
        assert!(take_free());
        assert_eq!(take_bought(), u32::MAX);
    }

    #[test]
    fn haste_counts_long_backlogs_by_their_length() {
        for (backlog, times) in [(LONG_BACKLOG - 1, 0), (LONG_BACKLOG, 1), (2 * LONG_BACKLOG, 2), (usize::MAX, 8)] {
            HASTE.set(0);
            sent_onto(backlog);
            assert_eq!(HASTE.get(), times, "{backlog}");
        }
        HASTE.set(u32::MAX);
        sent_onto(LONG_BACKLOG);
        // There is no runner here.
        assert!(!is_hasty() && buy_free());
    }
}
