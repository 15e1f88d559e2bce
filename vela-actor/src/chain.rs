//! Who waits for whom: the chain of asks behind a message, so that a cycle is seen when it closes.
//!
//! While an actor handles a message it cannot handle another. So if its handler asks, and the question leads back to it, nobody
//! would ever answer. Each ask from a handler makes a link (who asks, and the link behind the message that it handles), and the
//! link travels with the message. An ask to an actor on the chain fails if every ask from there to here is still open.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, RawWakerVTable, Waker};

use crate::cell::{ActorId, AnyCell, Core, Identity};

/// An ask, which may have its answer.
pub(crate) trait Open: Send + Sync {
    /// Whether it waits for its answer.
    fn is_open(&self) -> bool;
}

/// An ask that was made by a handler.
pub(crate) struct Link {
    asker: Identity,
    /// The ask behind the message that the asker handles.
    parent: Option<Arc<Link>>,
    ask: Arc<dyn Open>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("asker", &self.asker).finish_non_exhaustive()
    }
}

/// What the thread knows while it polls an incarnation.
#[derive(Debug)]
pub(crate) struct Here {
    /// Who is polled.
    cell: Arc<dyn AnyCell>,
    /// Whether a message is being handled, so that an ask holds up those behind it.
    handling: bool,
    /// The ask behind that message.
    behind: Option<Arc<Link>>,
}

impl Here {
    pub(crate) fn new(cell: Arc<dyn AnyCell>) -> Self {
        // While it starts, too, it handles nothing else.
        Self { cell, handling: true, behind: None }
    }

    pub(crate) fn core(&self) -> &Core {
        self.cell.core()
    }

    pub(crate) fn into_cell(self) -> Arc<dyn AnyCell> {
        self.cell
    }

    /// Who waits for what this actor does just now, the nearest first.
    fn askers(&self) -> impl Iterator<Item = &Identity> {
        let mut next = self.behind.as_deref();
        std::iter::from_fn(move || {
            let link = next.filter(|link| link.ask.is_open())?;
            next = link.parent.as_deref();
            Some(&link.asker)
        })
    }

    /// The paths from `target`, which is one of them, to this actor.
    #[cold]
    fn cycle(&self, target: ActorId) -> Vec<Arc<str>> {
        let mut path: Vec<Arc<str>> = vec![self.core().who.shared_path()];
        if self.core().who.id() != target {
            for asker in self.askers() {
                path.push(asker.shared_path());
                if asker.id() == target {
                    break;
                }
            }
        }
        path.reverse();
        path
    }
}

/// A waker's address and methods: two are the same waker if these are.
type WakerId = (*const (), *const RawWakerVTable);

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
    /// The waker that the incarnation is polled with.
    static TASK: Cell<WakerId> = const { Cell::new((ptr::null(), ptr::null())) };
}

/// Polls an incarnation: what it knows is in place meanwhile.
pub(crate) fn carry<R>(here: &mut Option<Here>, cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    /// Also if `poll` panics.
    struct Back<'a>(&'a mut Option<Here>, WakerId);

    impl Drop for Back<'_> {
        fn drop(&mut self) {
            exchange(self.0);
            set_task(self.1);
        }
    }

    exchange(here);
    let _back = Back(here, set_task(id_of(cx.waker())));
    poll(cx)
}

fn exchange(here: &mut Option<Here>) {
    // A thread that ends polls nothing.
    let _ = HERE.try_with(|current| mem::swap(&mut *current.borrow_mut(), here));
}

/// The ask behind the message that is being handled.
pub(crate) fn behind() -> Option<Arc<Link>> {
    HERE.with(|here| here.borrow().as_ref()?.behind.clone())
}

fn set_task(waker: WakerId) -> WakerId {
    TASK.with(|task| task.replace(waker))
}

fn id_of(waker: &Waker) -> WakerId {
    (waker.data(), ptr::from_ref(waker.vtable()))
}

/// Whether `waker` is that of the task of the incarnation that is polled here, so that it need not be registered once more.
pub(crate) fn is_task(waker: &Waker) -> bool {
    TASK.with(Cell::get) == id_of(waker)
}

/// The incarnation that is polled begins to handle a message, behind which there may be an ask.
pub(crate) fn begin(behind: Option<Arc<Link>>) {
    set(true, behind);
}

/// It has received a message, and may handle it in one way or another.
pub(crate) fn receive(behind: Option<Arc<Link>>) {
    set(false, behind);
}

/// It begins to handle what it has received.
pub(crate) fn handle() {
    HERE.with(|here| {
        if let Some(here) = here.borrow_mut().as_mut() {
            here.handling = true;
        }
    });
}

/// It is handled.
pub(crate) fn end() {
    set(false, None);
}

fn set(handling: bool, behind: Option<Arc<Link>>) {
    let before = HERE.with(|here| {
        let mut here = here.borrow_mut();
        let here = here.as_mut()?;
        here.handling = handling;
        mem::replace(&mut here.behind, behind)
    });
    // Outside of the borrow.
    drop(before);
}

/// The link of an ask that is made here, if a handler makes it.
///
/// # Errors
///
/// The paths round the cycle that the ask would close, from `target` to the asker.
pub(crate) fn link(target: ActorId, ask: impl FnOnce() -> Arc<dyn Open>) -> Result<Option<Arc<Link>>, Vec<Arc<str>>> {
    HERE.with(|here| {
        let here = here.borrow();
        let Some(here) = here.as_ref().filter(|here| here.handling) else { return Ok(None) };
        if here.core().who.id() == target || here.askers().any(|asker| asker.id() == target) {
            return Err(here.cycle(target));
        }
        // One that has its answer holds up nobody, nor do those behind it: the chain is no longer than it has to be.
        let parent = here.behind.clone().filter(|link| link.ask.is_open());
        let link = Link { asker: here.core().who.clone(), parent, ask: ask() };
        Ok(Some(Arc::new(link)))
    })
}
