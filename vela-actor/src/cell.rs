//! The cell: what one logical actor is, over all its incarnations.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{AcqRel, Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use once_cell::race::OnceBox;
use parking_lot::Mutex;
use vela_core::__private::Pipe;
use vela_core::time::Instant;

use crate::actor::Actor;
use crate::ages::Ages;
use crate::chain::Waits;
use crate::events::{EventKind, Who};
use crate::exit::{Exit, Failure, FailureKind};
use crate::identity::Identity;
use crate::incarnation;
use crate::lanes::{Kept, Lanes};
use crate::mailbox::{Envelope, Mailbox};
use crate::panics::{contained, report_lost};
use crate::registry::WeakRegistry;
use crate::signals::{self, Signals};
use crate::supervise::{Children, Parent};
use crate::system::Shared;
use crate::tree::ActorState;
use crate::waiting::{self, Bell};

/// The part of a cell that does not depend on the actor's type.
pub(crate) struct Core {
    pub(crate) who: Identity,
    pub(crate) signals: Signals,
    state: AtomicU8,
    /// How many incarnations were started.
    starts: AtomicU32,
    /// Whatever an actor that is just there does without.
    rare: OnceBox<Rare>,
    /// `None`: nobody supervises it.
    pub(crate) parent: Option<Parent>,
    pub(crate) system: Option<Arc<Shared>>,
}

/// See [`Core::rare`].
#[derive(Default)]
pub(crate) struct Rare {
    /// Of one that is gone for good.
    exit: OnceLock<Exit>,
    /// Of one that has ended and may be started again, but only by hand.
    parked: Mutex<Option<Exit>>,
    ended: Bell,
    /// Those that are to fail when this one does.
    links: Mutex<Links>,
    /// Why it has to fail: the first reason stays.
    reason: Mutex<Option<FailureKind>>,
    /// Of the run in progress, from the first child on.
    children: Mutex<Option<Children>>,
    /// Of the mail, if it is monitored.
    ages: Mutex<Ages>,
    /// Where it has names.
    registries: Mutex<Vec<WeakRegistry>>,
    /// Of who waits for the inbox, if a combinator in the task polls it with a waker of its own.
    inbox: AtomicWaker,
    /// Whose answers its handler waits for.
    waits: OnceLock<Box<Waits>>,
    /// How many messages were dropped because it ended before it came to them.
    lost: AtomicU64,
}

/// Each once, sooner or later, and none for long that is gone.
#[derive(Default)]
struct Links {
    list: Vec<Weak<dyn AnyCell>>,
    /// With so many, it is looked through: each costs a constant time so.
    prune_at: usize,
}

impl Links {
    fn push(&mut self, other: &Arc<dyn AnyCell>) {
        const FEW: usize = 8;
        if self.list.len() >= self.prune_at {
            let mut known = HashSet::new();
            self.list.retain(|link| link.strong_count() > 0 && known.insert(link.as_ptr().cast::<()>()));
            self.prune_at = (2 * self.list.len()).max(FEW);
        }
        self.list.push(Arc::downgrade(other));
    }
}

impl Rare {
    /// How it ended, if it does not come back by itself.
    fn end(&self) -> Option<Exit> {
        self.exit.get().cloned().or_else(|| self.parked.lock().clone())
    }

    /// Those that are linked fail, if it was a bad end; each once.
    fn tell_links(&self, exit: &Exit) {
        let links = if exit.is_normal() { Vec::new() } else { self.links.lock().list.clone() };
        if links.is_empty() {
            return;
        }
        let why = FailureKind::Link(Box::new(exit.clone()));
        let mut known = HashSet::new();
        let once = links.iter().filter(|link| known.insert(link.as_ptr().cast::<()>()));
        for other in once.filter_map(Weak::upgrade) {
            other.core().fail(why.clone());
        }
    }
}

impl Core {
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    pub(crate) fn state(&self) -> ActorState {
        // Relaxed: for who looks on.
        let state = ActorState::from_u8(self.state.load(Relaxed));
        let runs = matches!(state, ActorState::Starting | ActorState::Running);
        // What it was told it comes to see only after the message that it handles.
        let ends = runs && self.signals.has(signals::STOP | signals::DRAIN | signals::FAIL | signals::KILL);
        if ends { ActorState::Stopping } else { state }
    }

    pub(crate) fn set_state(&self, state: ActorState) {
        self.state.store(state as u8, Relaxed);
    }

    pub(crate) fn restarts(&self) -> u32 {
        // Relaxed: as above.
        self.starts.load(Relaxed).saturating_sub(1)
    }

    pub(crate) fn has_started(&self) -> bool {
        // Relaxed: for who looks on, and for the nursery's task, which counts.
        self.starts.load(Relaxed) > 0
    }

    pub(crate) fn count_start(&self) {
        self.starts.fetch_add(1, Relaxed);
    }

    /// The children of the run in progress.
    pub(crate) fn children(&self) -> Option<Children> {
        self.rare.get()?.children.lock().clone()
    }

    pub(crate) fn set_children(&self, children: Option<Children>) -> Option<Children> {
        match children {
            Some(children) => self.rare().children.lock().replace(children),
            None => self.rare.get()?.children.lock().take(),
        }
    }

    /// How many messages were dropped because it ended before it came to them.
    pub(crate) fn lost(&self) -> u64 {
        // Relaxed: for who looks on.
        self.rare.get().map_or(0, |rare| rare.lost.load(Relaxed))
    }

    /// Whose answers its handler waits for, if it has ever asked.
    pub(crate) fn waits(&self) -> Option<&Waits> {
        self.rare.get()?.waits.get().map(|waits| &**waits)
    }

    /// As [`waits`](Self::waits), before it asks.
    pub(crate) fn waits_made(&self) -> &Waits {
        self.rare().waits.get_or_init(Box::default)
    }

    pub(crate) fn exit(&self) -> Option<&Exit> {
        self.rare.get()?.exit.get()
    }

    /// What has ended the system that it was in, if it did not fail itself: for errors.
    pub(crate) fn ended_by(&self) -> Option<Arc<str>> {
        let failed = self.exit().is_some_and(|exit| exit.failure().is_some());
        let system = self.system.as_ref().filter(|_| !failed)?;
        system.ended_by().cloned()
    }

    /// It has names there, to be given up at its end.
    pub(crate) fn note_registry(&self, registry: &WeakRegistry) {
        let mut known = self.rare().registries.lock();
        if !known.iter().any(|other| other.is(registry)) {
            known.push(registry.clone());
        }
    }

    /// Gives all its names up. It has ended.
    fn give_up_names(&self) {
        let registries = self.rare.get().map(|rare| mem::take(&mut *rare.registries.lock()));
        for registry in registries.iter().flatten().filter_map(WeakRegistry::upgrade) {
            contained(|| registry.unregister_all(self.who.id()));
        }
    }

    /// Waits until the actor comes back no more, not even by hand.
    pub(crate) async fn terminated(&self) -> Exit {
        let rare = self.rare();
        waiting::until(&rare.ended, || rare.exit.get().cloned()).await
    }

    /// Waits until the actor does not come back by itself.
    pub(crate) async fn parked_or_terminated(&self) -> Exit {
        let rare = self.rare();
        waiting::until(&rare.ended, || rare.end()).await
    }

    /// Raises a flag, and wakes who looks at it.
    pub(crate) fn raise(&self, flag: u32) {
        self.signals.raise(flag);
        self.wake_inbox();
    }

    /// Wakes who looks.
    fn rouse(&self) {
        self.signals.rouse();
        self.wake_inbox();
    }

    fn wake_inbox(&self) {
        // L1, if the inbox's place is made in this moment: with the fence in `register_inbox`.
        fence(SeqCst);
        if let Some(rare) = self.rare.get() {
            rare.inbox.wake();
        }
    }

    /// `waker` is not that of the incarnation's task, which is registered already.
    pub(crate) fn register_inbox(&self, waker: &Waker) {
        self.rare().inbox.register(waker);
        fence(SeqCst);
    }

    /// Has the run in progress fail, for the first reason that is given.
    pub(crate) fn fail(&self, why: FailureKind) {
        let mut reason = self.rare().reason.lock();
        let unused = if reason.is_none() { reason.replace(why) } else { Some(why) };
        drop(reason);
        drop(unused);
        self.raise(signals::FAIL);
    }

    /// Has the run in progress end at once, as one that did not start in time.
    pub(crate) fn overdue(&self) {
        self.raise(signals::OVERDUE | signals::KILL);
    }

    pub(crate) fn take_reason(&self) -> Option<FailureKind> {
        self.rare.get()?.reason.lock().take()
    }

    /// `other` is to fail when this one has ended badly.
    pub(crate) fn link(&self, other: &Arc<dyn AnyCell>) {
        self.rare().links.lock().push(other);
        // It may have ended before it could know.
        if let Some(exit) = self.rare().end()
            && !exit.is_normal()
        {
            other.core().fail(FailureKind::Link(Box::new(exit)));
        }
    }
}

/// A cell, whatever the type of its actor.
pub(crate) trait AnyCell: Send + Sync {
    fn core(&self) -> &Core;

    /// For who knows the type of the actor.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// Starts an incarnation. There is none.
    fn start(self: Arc<Self>);

    /// It does not come back by itself: whoever asked, waits or watches is told. What comes from now on waits for a start by hand.
    /// There is no incarnation.
    fn park(&self, exit: Exit);

    /// What belonged to the incarnation is dropped; its children, if they are not over, are given out.
    fn clear_lanes(&self) -> Option<Children>;

    /// For the next incarnation.
    fn set_last_failure(&self, failure: Failure);

    /// It comes back no more: whoever asked, waits or watches is told. There is no incarnation.
    fn terminate(&self, exit: Exit);

    /// No message gets into its mailbox from now on.
    fn close(&self);

    /// Drops its mail, so that who asked is told.
    fn drain(&self);

    /// The name of the actor's type.
    fn kind(&self) -> &'static str;

    /// How many messages are in the mailbox.
    fn depth(&self) -> usize;

    /// How many messages wait for a run: those in the mailbox, and those that were given back from the stash.
    fn left(&self) -> usize;

    /// For how long the first of those in the mailbox has waited at least, if the mailbox is monitored.
    fn oldest(&self) -> Option<Duration>;
}

impl dyn AnyCell + '_ {
    /// Tells the system what has happened.
    pub(crate) fn publish(&self, kind: impl FnOnce() -> EventKind) {
        let core = self.core();
        if let Some(system) = &core.system {
            let who = Who { path: &core.who.shared_path(), id: core.who.id(), type_name: self.kind() };
            // A foreign `Display`, or a recorder, may panic.
            contained(|| system.events.publish(who, kind));
        }
    }
}

impl fmt::Debug for dyn AnyCell + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core().who.fmt(f)
    }
}

pub(crate) type Factory<A> = Box<dyn FnMut() -> A + Send>;

/// See [`Cell::inside`].
struct Inside<A: Actor> {
    /// Used by the incarnation and by who starts it.
    factory: Option<Factory<A>>,
    /// What belongs to the incarnation.
    lanes: Option<Box<Lanes<A>>>,
    /// Put aside by the incarnations, and kept over restarts.
    kept: Option<Box<Kept<A>>>,
}

pub(crate) struct Cell<A: Actor> {
    pub(crate) core: Core,
    /// In here: an actor takes one allocation less so.
    pub(crate) mail: Pipe<Envelope<A::Message>>,
    /// One lock for all: a lock takes a word.
    inside: Mutex<Inside<A>>,
    /// Whether there is something in `lanes`. Relaxed: only the incarnation's task uses it.
    pub(crate) has_lanes: AtomicBool,
    /// Whether there is something to give back in `kept`. Relaxed: as above.
    pub(crate) has_returned: AtomicBool,
    /// Whether the mailbox is, and how long messages are handled.
    #[cfg(feature = "metrics")]
    pub(crate) monitored: bool,
    /// Whether the sources come before the mail, for once. Relaxed: as above.
    pub(crate) sources_first: AtomicBool,
    /// Whether the mail comes before the timers, for once. Relaxed: as above.
    pub(crate) mail_first: AtomicBool,
    /// Whether who waits for the inbox, or for a notice, has looked before what may be added. Relaxed: as above.
    pub(crate) listens: AtomicBool,
    /// How many addresses there are, if the last of them ends the actor.
    addresses: AtomicUsize,
}

impl<A: Actor> Cell<A> {
    pub(crate) fn new(
        who: Identity,
        mailbox: Mailbox<A::Message>,
        factory: Option<Factory<A>>,
        parent: Option<Parent>,
        system: Option<Arc<Shared>>,
    ) -> Arc<Self> {
        let cell = Arc::new(Self {
            core: Core {
                who,
                signals: Signals::new(),
                state: AtomicU8::new(ActorState::Starting as u8),
                starts: AtomicU32::new(0),
                rare: OnceBox::new(),
                parent,
                system,
            },
            mail: mailbox.mail,
            inside: Mutex::new(Inside { factory, lanes: None, kept: None }),
            has_lanes: AtomicBool::new(false),
            has_returned: AtomicBool::new(false),
            #[cfg(feature = "metrics")]
            monitored: mailbox.monitored,
            sources_first: AtomicBool::new(false),
            mail_first: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            addresses: AtomicUsize::new(0),
        });
        cell.mail.placed();
        cell
    }

    /// Takes the lanes out, so that no lock is held while foreign code runs; they are put back.
    pub(crate) fn with_lanes<R>(&self, with: impl FnOnce(&mut Lanes<A>) -> R) -> R {
        let mut lanes = self.inside.lock().lanes.take().unwrap_or_default();
        let result = with(&mut lanes);
        self.has_lanes.store(true, Relaxed);
        let other = self.inside.lock().lanes.replace(lanes);
        debug_assert!(other.is_none(), "lanes are used by one task, one at a time");
        result
    }

    /// Adds to the lanes, also while the inbox is waited for, as in a join.
    pub(crate) fn add<R>(&self, add: impl FnOnce(&mut Lanes<A>) -> R) -> R {
        let result = self.with_lanes(add);
        self.rouse();
        result
    }

    /// Has who waits for the inbox look again.
    pub(crate) fn rouse(&self) {
        if self.listens.load(Relaxed) {
            self.listens.store(false, Relaxed);
            self.core.rouse();
        }
    }

    pub(crate) fn with_kept<R>(&self, with: impl FnOnce(&mut Kept<A>) -> R) -> R {
        let mut inside = self.inside.lock();
        let kept = inside.kept.get_or_insert_default();
        let result = with(kept);
        self.has_returned.store(!kept.returned.is_empty(), Relaxed);
        result
    }

    /// A new actor from the factory, without a lock around it.
    pub(crate) fn make(&self) -> Result<A, Box<dyn Any + Send>> {
        let taken = self.inside.lock().factory.take();
        let Some(mut factory) = taken else { unreachable!("an actor that is started again has a factory") };
        let made = catch_unwind(AssertUnwindSafe(&mut factory));
        self.inside.lock().factory = Some(factory);
        made
    }

    /// How many messages are in the stash.
    pub(crate) fn stashed(&self) -> usize {
        self.inside.lock().kept.as_ref().map_or(0, |kept| kept.stash.len())
    }

    /// Drops mail that no run will handle: it is counted and told.
    pub(crate) fn lose(&self, mail: impl IntoIterator<Item = Envelope<A::Message>>) {
        let mut lost: u64 = 0;
        for envelope in mail {
            lost += 1;
            contained(|| drop(envelope));
        }
        if lost > 0 {
            self.core.rare().lost.fetch_add(lost, Relaxed);
            report_lost(self, lost);
        }
    }

    pub(crate) fn take_last_failure(&self) -> Option<Failure> {
        self.inside.lock().kept.as_mut()?.failure.take()
    }

    pub(crate) fn count_address(&self) {
        // Relaxed: who makes one has another, or the cell.
        self.addresses.fetch_add(1, Relaxed);
    }

    pub(crate) fn discount_address(&self) {
        // AcqRel: what was sent through the addresses comes before the close.
        if self.addresses.fetch_sub(1, AcqRel) == 1 && self.core.parent.is_none() {
            // What was sent is handled; then the inbox ends.
            self.mail.close();
        }
    }
}

impl<A: Actor> AnyCell for Cell<A> {
    fn core(&self) -> &Core {
        &self.core
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn start(self: Arc<Self>) {
        let parked = self.core.rare.get().and_then(|rare| rare.parked.lock().take());
        drop(parked);
        // Before the first run nobody else was meant: a kill or a link's failure may come sooner than its nursery gets to it.
        if self.core.has_started() {
            self.core.signals.clear();
            drop(self.core.take_reason());
        }
        incarnation::start(self, None);
    }

    fn park(&self, exit: Exit) {
        let rare = self.core.rare();
        let before = rare.parked.lock().replace(exit.clone());
        self.drain();
        // One that was to be started by hand, and was stopped before, has ended once.
        if before.is_none() {
            rare.tell_links(&exit);
        }
        rare.ended.ring();
    }

    fn clear_lanes(&self) -> Option<Children> {
        let lanes = self.inside.lock().lanes.take();
        self.has_lanes.store(false, Relaxed);
        // A drop of what the actor attached may do anything, so it is not done under the lock.
        contained(|| drop(lanes));
        self.core.set_children(None)
    }

    fn set_last_failure(&self, failure: Failure) {
        let before = self.inside.lock().kept.get_or_insert_default().failure.replace(failure);
        drop(before);
    }

    fn terminate(&self, exit: Exit) {
        self.core.set_state(ActorState::Stopped);
        let rare = self.core.rare();
        let first = rare.exit.set(exit.clone()).is_ok();
        debug_assert!(first, "an actor ends once");
        self.mail.close();
        // Dropped outside of the locks, one by one: a drop may do anything, and who calls this has others to look after.
        let factory = self.inside.lock().factory.take();
        contained(|| drop(factory));
        self.drain();
        self.core.give_up_names();
        // Of one that was parked they have heard.
        if rare.parked.lock().take().is_none() {
            rare.tell_links(&exit);
        }
        drop(mem::take(&mut *rare.links.lock()));
        rare.ended.ring();
    }

    fn close(&self) {
        self.mail.close();
    }

    fn drain(&self) {
        let take = |kept: &mut Box<Kept<A>>| {
            self.has_returned.store(false, Relaxed);
            (mem::take(&mut kept.stash), mem::take(&mut kept.returned))
        };
        let (stash, returned) = self.inside.lock().kept.as_mut().map(take).unwrap_or_default();
        // What comes meanwhile is not meant, or who sends fast would keep the caller here.
        let left = (0..self.mail.len()).map_while(|_| self.mail.try_recv().ok());
        self.lose(stash.into_iter().chain(returned).chain(left));
    }

    fn kind(&self) -> &'static str {
        std::any::type_name::<A>()
    }

    fn depth(&self) -> usize {
        self.mail.len()
    }

    fn left(&self) -> usize {
        let returned = self.inside.lock().kept.as_ref().map_or(0, |kept| kept.returned.len());
        self.mail.len() + returned
    }

    fn oldest(&self) -> Option<Duration> {
        let seen = self.mail.monitor()?.snapshot();
        let gone = seen.received + seen.dropped;
        self.core.rare().ages.lock().oldest(seen.sent, gone, Instant::now())
    }
}

/// Tells an actor to stop once it has handled its mail. `close`: no more of it comes.
pub(crate) fn drain(cell: &dyn AnyCell, close: bool) {
    if close {
        cell.close();
    }
    cell.core().raise(signals::DRAIN);
}

/// Tells an actor that nobody supervises to stop.
pub(crate) fn stop_unsupervised(core: &Core) {
    core.raise(signals::STOP);
}
