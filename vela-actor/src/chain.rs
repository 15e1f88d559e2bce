//! Who waits for whom, so that a circle is seen when it closes.
//!
//! While an actor handles a message it cannot handle another. So if its handler asks, and the question leads back to it, nobody
//! would ever answer. Each ask from a handler (or a hook) makes a link: who asks whom, and the link behind the message that it
//! handles. The link is used in two ways:
//!
//! * *The chain.* It travels with the message. An ask to an actor on the chain fails if every ask from there to here is still open.
//! * *The way.* It is noted with the asker for as long as that handler runs. Who asks follows the notes from the actor that it asks,
//!   and fails if they lead to itself. So asks are seen that cross, each made for a message of its own.
//!
//! W1. Who asks notes its link first and looks then. So of those whose asks close a circle, the last to note sees all of it.
//! W2. A link counts only while the ask is open (no answer, no deadline, not dropped), and the request is with the actor that was
//! asked: in its mailbox, in its stash, or with its handler. One that has been handled may be answered from elsewhere.
//! W3. The way is followed only from who waits for one answer: who waits for several may go on with another one.
//! W4. The way is looked at twice, and both must be the same links: each of them was there from the one look to the other, so
//! between the two all were at once.
//!
//! What is not known: whether a handler that waits in a `select!`, or with a time limit, would go on by itself. It is taken for
//! one that waits. So is one that has put its ask aside and returned, by the chain: as long as that ask is open, who it asked is
//! refused when it asks back. An ask from a task, or from a `run` that receives itself, makes no link.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::task::{Context, RawWakerVTable, Waker};

use parking_lot::Mutex;

use crate::cell::{AnyCell, Core};
use crate::identity::{ActorId, Identity};

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
    /// Who is asked.
    target: Weak<dyn AnyCell>,
    /// How many [`Behind`] there are of it: W2.
    held: AtomicU32,
}

impl Link {
    /// W2.
    fn counts(&self) -> bool {
        // Relaxed: whoever has handled the request and asks then notes that later, under the lock of `Waits`.
        self.held.load(Relaxed) > 0 && self.ask.is_open()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("asker", &self.asker).finish_non_exhaustive()
    }
}

/// The link behind a message: held with the message, and then by who handles it.
#[derive(Debug)]
pub(crate) struct Behind(Arc<Link>);

impl Clone for Behind {
    fn clone(&self) -> Self {
        // Relaxed: see `Link::counts`.
        self.0.held.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // Relaxed: see `Link::counts`.
        self.0.held.fetch_sub(1, Relaxed);
    }
}

/// The asks of an actor's handler that were open when it last asked. Written by its task only.
#[derive(Default)]
pub(crate) struct Waits(Mutex<Vec<Arc<Link>>>);

impl Waits {
    /// Notes an ask: how many there are now.
    fn note(&self, link: Arc<Link>) -> usize {
        let mut links = self.0.lock();
        if let [before] = &mut links[..]
            && !before.ask.is_open()
        {
            // As a rule: one ask after the other.
            let over = mem::replace(before, link);
            drop(links);
            drop(over);
            return 1;
        }
        let over: Vec<_> = links.extract_if(.., |link| !link.ask.is_open()).collect();
        links.push(link);
        let open = links.len();
        drop(links);
        drop(over);
        open
    }

    fn clear(&self) {
        let over = mem::take(&mut *self.0.lock());
        drop(over);
    }

    /// The ask that it waits for, if it waits for one: W3.
    fn only(&self) -> Option<Arc<Link>> {
        let links = self.0.lock();
        let mut open = links.iter().filter(|link| link.ask.is_open());
        let first = open.next().filter(|link| link.counts())?;
        open.next().is_none().then(|| Arc::clone(first))
    }
}

/// The links from `target` to `asker`, if there is a way: W3.
fn way(target: &Arc<dyn AnyCell>, asker: &Identity) -> Option<Vec<Arc<Link>>> {
    let mut way: Vec<Arc<Link>> = Vec::new();
    let mut link = target.core().waits()?.only()?;
    loop {
        let next = link.target.upgrade()?;
        way.push(link);
        let who = &next.core().who;
        if who == asker {
            return Some(way);
        }
        if way.iter().any(|link| link.asker == *who) {
            // A circle of others, one of whom is just about to see it.
            return None;
        }
        link = next.core().waits()?.only()?;
    }
}

/// Whether an ask of `target` by `asker`, which is noted, closes a circle: the paths round it, from `target` to `asker`.
fn circle(target: &Arc<dyn AnyCell>, asker: &Identity) -> Option<Vec<Arc<str>>> {
    let found = way(target, asker)?;
    // W4.
    let again = way(target, asker)?;
    if found.len() != again.len() || !found.iter().zip(&again).all(|(one, other)| Arc::ptr_eq(one, other)) {
        return None;
    }
    Some(found.iter().map(|link| &link.asker).chain([asker]).map(Identity::shared_path).collect())
}

/// What the thread knows while it polls an incarnation.
#[derive(Debug)]
pub(crate) struct Here {
    /// Who is polled.
    cell: Arc<dyn AnyCell>,
    /// Whether a message is being handled, so that an ask holds up those behind it.
    handling: bool,
    /// Whether asks may be noted with it.
    asked: bool,
    /// The ask behind that message.
    behind: Option<Behind>,
}

impl Here {
    pub(crate) fn new(cell: Arc<dyn AnyCell>) -> Self {
        // While it starts, too, it handles nothing else.
        Self { cell, handling: true, asked: false, behind: None }
    }

    pub(crate) fn core(&self) -> &Core {
        self.cell.core()
    }

    pub(crate) fn into_cell(self) -> Arc<dyn AnyCell> {
        self.cell
    }

    /// Who waits for what this actor does just now, the nearest first.
    fn askers(&self) -> impl Iterator<Item = &Identity> {
        let mut next = self.behind.as_ref().map(|behind| &*behind.0);
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
    /// Set: to begin to handle a message behind which there is no ask changes nothing in `HERE`. One message is handled, there is no
    /// ask behind it, and it has made none. (As for nearly every message after the first of a poll; this costs a load.)
    static PLAIN: Cell<bool> = const { Cell::new(false) };
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
    PLAIN.set(false);
    // A thread that ends polls nothing.
    let _ = HERE.try_with(|current| mem::swap(&mut *current.borrow_mut(), here));
}

/// The ask behind the message that is being handled.
pub(crate) fn behind() -> Option<Behind> {
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
#[inline]
pub(crate) fn begin(behind: Option<Behind>) {
    if behind.is_some() || !PLAIN.get() {
        set(true, behind);
    }
}

/// It has received a message, and may handle it in one way or another.
pub(crate) fn receive(behind: Option<Behind>) {
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

/// With its drop the handler of an actor is over, also if it was given up: what follows is the loop's.
#[derive(Debug)]
pub(crate) struct Ends(ActorId);

impl Ends {
    pub(crate) fn of(actor: ActorId) -> Self {
        Self(actor)
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        // A run that is killed is dropped where it is not polled, by another actor maybe.
        let runs = HERE.try_with(|here| here.borrow().as_ref().is_some_and(|here| here.core().who.id() == self.0));
        if runs == Ok(true) {
            end();
        }
    }
}

#[inline(never)]
fn set(handling: bool, behind: Option<Behind>) {
    // From here on nothing is behind it that is not given here, and it has asked nothing.
    PLAIN.set(handling && behind.is_none());
    let over = HERE.with(|here| {
        let mut here = here.borrow_mut();
        let here = here.as_mut()?;
        here.handling = handling;
        if behind.is_none() && here.behind.is_none() && !here.asked {
            return None;
        }
        let asked = mem::take(&mut here.asked).then(|| Arc::clone(&here.cell));
        Some((mem::replace(&mut here.behind, behind), asked))
    });
    // Outside of the borrow.
    let Some((before, asked)) = over else { return };
    drop(before);
    if let Some(waits) = asked.as_ref().and_then(|cell| cell.core().waits()) {
        waits.clear();
    }
}

/// The link of an ask of `target` that is made here, if a handler makes it.
///
/// # Errors
///
/// The paths round the circle that the ask would close, from the target to the asker.
pub(crate) fn link(
    target: impl FnOnce() -> Arc<dyn AnyCell>,
    ask: impl FnOnce() -> Arc<dyn Open>,
) -> Result<Option<Behind>, Vec<Arc<str>>> {
    let handles = |here: &&Here| here.handling;
    let cell = HERE.with(|here| here.borrow().as_ref().filter(handles).map(|here| Arc::clone(&here.cell)));
    let Some(cell) = cell else { return Ok(None) };
    link_of(&*cell, &target(), ask()).map(Some)
}

/// The link of an ask of `target` by the handler of `cell`, which runs here.
fn link_of(cell: &dyn AnyCell, target: &Arc<dyn AnyCell>, ask: Arc<dyn Open>) -> Result<Behind, Vec<Arc<str>>> {
    let (core, whom) = (cell.core(), target.core().who.id());
    let parent = HERE.with(|here| {
        let mut here = here.borrow_mut();
        let Some(here) = here.as_mut() else { return Ok(None) };
        if core.who.id() == whom || here.askers().any(|asker| asker.id() == whom) {
            return Err(here.cycle(whom));
        }
        here.asked = true;
        PLAIN.set(false);
        // One that has its answer holds up nobody, nor do those behind it: the chain is no longer than it has to be.
        Ok(here.behind.as_ref().map(|behind| &behind.0).filter(|link| link.ask.is_open()).cloned())
    })?;
    let (asker, weak) = (core.who.clone(), Arc::downgrade(target));
    let behind = Behind(Arc::new(Link { asker, parent, ask, target: weak, held: AtomicU32::new(1) }));
    // W1. Outside of the borrow: what is upgraded may be the last of its kind when it is dropped.
    if core.waits_made().note(Arc::clone(&behind.0)) == 1
        && let Some(path) = circle(target, &core.who)
    {
        return Err(path);
    }
    Ok(behind)
}
