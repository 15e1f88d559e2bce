//! What an actor can do from inside.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use vela_core::__private::seam;
use vela_core::task::TaskBuilder;

use crate::actor::Actor;
use crate::address::Address;
use crate::attach::Attach;
use crate::cell::{AnyCell, Cell};
use crate::chain;
use crate::exit::FailureKind;
use crate::identity::{ActorId, Identity};
use crate::lanes::{Item, Notice, Terminated, TimerKey};
use crate::mailbox::Envelope;
use crate::message::MessageFor;
use crate::panics::say_now_and_then;
use crate::registry::{RegisterError, Registry};
use crate::signals::{DRAIN, STOP};
use crate::supervise::{ChildSpec, Children, Over, SpawnError, SpecError, Supervision};

/// The actor seen from inside: its address, timers, sources, stash, children.
///
/// What is started through it, timers, sources, watches and children, belongs to the run of the actor: it ends with it, and
/// [`started`](Actor::started) starts it anew after a restart. What is in the stash and the mailbox stays.
pub struct ActorContext<A: Actor> {
    cell: Arc<Cell<A>>,
}

impl<A: Actor> ActorContext<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Self { cell }
    }

    /// The actor's address.
    #[must_use]
    pub fn address(&self) -> Address<A> {
        Address::new(Arc::clone(&self.cell))
    }

    /// The actor's number.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.core.who.id()
    }

    /// Its name among its siblings.
    #[must_use]
    pub fn name(&self) -> &str {
        self.cell.core.who.name()
    }

    /// The names from the root of its tree to it: `bank/accounts/alice`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.cell.core.who.path()
    }

    /// How many times it was restarted.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.cell.core.restarts()
    }

    /// Ends this run normally, after the message that is being handled: the inbox gives `None`. What becomes of the actor then,
    /// its restart type says: a permanent one comes back. If it does not, its mail is dropped, and
    /// [counted](Address::mailbox_dropped).
    pub fn stop(&self) {
        self.cell.core.raise(STOP);
    }

    /// Ends the actor for good, after the mail that it has: as [`Address::stop_after_mail`]. So an actor leaves that has nothing more to
    /// do, and loses nothing that comes in that moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, spawn};
    /// # use vela::time::ms;
    ///
    /// struct Session(Vec<u32>);
    ///
    /// impl Actor for Session {
    ///     type Message = Option<u32>;                    // `None`: it has been idle for a while
    ///     type Error = std::convert::Infallible;
    ///     async fn handle(&mut self, n: Option<u32>, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         match n {
    ///             Some(n) => self.0.push(n),
    ///             None => cx.stop_after_mail(),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # vela::block_on(async {
    /// let session = spawn(Session(Vec::new()));
    /// session.send(None).await?;
    /// session.send(Some(7)).await?;                      // behind it
    /// assert!(session.terminated().await.is_normal());
    /// assert_eq!(session.mailbox_dropped(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stop_after_mail(&self) {
        self.address().stop_after_mail();
    }

    /// Whether it has been told to stop, at once or [after its mail](crate::ChildSpec::drain).
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.cell.core.signals.has(STOP | DRAIN)
    }

    /// Handles a message in a [`run`](Actor::run) of one's own, as the usual loop does: asks by the handler are seen as such.
    ///
    /// # Errors
    ///
    /// That of the handler.
    pub async fn handle(&mut self, actor: &mut A, message: A::Message) -> Result<(), A::Error> {
        chain::handle();
        let _over = chain::Ends::of(self.id());
        let stopwatch = self.stopwatch();
        let result = actor.handle(message, self).await;
        stopwatch.stop();
        result
    }

    /// Gives a notice to [`on_terminated`](Actor::on_terminated) or [`on_lagged`](Actor::on_lagged), in a [`run`](Actor::run)
    /// of one's own.
    ///
    /// # Errors
    ///
    /// That of the method.
    pub async fn notify(&mut self, actor: &mut A, notice: Notice) -> Result<(), A::Error> {
        chain::begin(None);
        let _over = chain::Ends::of(self.id());
        crate::actor::notify(actor, notice, self).await
    }

    /// The names of the system that the actor belongs to; `None` if nobody supervises it.
    #[must_use]
    pub fn registry(&self) -> Option<Registry> {
        self.cell.core.system.as_ref().map(|system| system.registry.clone())
    }

    /// Registers the actor's address under `name` in the [registry](Self::registry) of its system, where others find it by
    /// [`lookup::<Address<Self>>`](Registry::lookup). The name belongs to the actor, not to the run: a restart keeps it, and
    /// to register it again is no mistake. It is given up by [`unregister`](Self::unregister), and at the actor's end for good.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]: another actor has the name, or this one belongs to no system.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, Address, System, child, registry::RegisterError};
    ///
    /// struct Clock;
    ///
    /// impl Actor for Clock {
    ///     type Message = u32;
    ///     type Error = RegisterError;
    ///
    ///     async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), RegisterError> {
    ///         cx.register("clock")
    ///     }
    ///
    ///     async fn handle(&mut self, _: u32, cx: &mut ActorContext<Self>) -> Result<(), RegisterError> {
    ///         assert!(cx.unregister("clock"));                  // whoever wants the name may have it now
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # vela::block_on(async {
    /// let system = System::new("station");
    /// let clock = system.spawn(child("clock-1"), || Clock)?;
    /// let found = system.registry().wait_for::<Address<Clock>>("clock").await;
    /// assert!(found == clock);
    /// # system.shutdown().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn register(&mut self, name: impl Into<Arc<str>>) -> Result<(), RegisterError> {
        let (name, core) = (name.into(), &self.cell.core);
        match &core.system {
            Some(system) => system.registry.register_for(name, self.address(), core),
            None => Err(RegisterError::NoSystem { name, actor: core.who.shared_path() }),
        }
    }

    /// Gives a name of this actor up: whether it had it.
    pub fn unregister(&mut self, name: &str) -> bool {
        let core = &self.cell.core;
        core.system.as_ref().is_some_and(|system| system.registry.take_back(name, &core.who))
    }

    // ---------------------------------------------------------------------------------------------------- timers

    /// Gives the actor a message after `delay`, before its mail.
    pub fn after(&mut self, delay: Duration, message: impl MessageFor<A>) -> TimerKey {
        let mut message = Some(message.into_message());
        let make = move || message.take().unwrap_or_else(|| unreachable!("it goes off once"));
        self.cell.add(|lanes| lanes.timer(delay, None, Box::new(make)))
    }

    /// Gives the actor a message each `period`, before its mail, for the first time after one period. What falls into the
    /// handling of another message is given once after it.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    #[track_caller]
    pub fn every<M: MessageFor<A>>(
        &mut self,
        period: Duration,
        mut make: impl FnMut() -> M + Send + 'static,
    ) -> TimerKey {
        assert!(!period.is_zero(), "a timer that goes off every 0 s leaves no time for mail");
        self.cell.add(|lanes| lanes.timer(period, Some(period), Box::new(move || make().into_message())))
    }

    // --------------------------------------------------------------------------------------------------- sources

    /// Receives from `source` besides the mailbox: a channel's receiver, a broadcast or watch receiver, a subscription to a bus or
    /// a signal, any stream. Each value is made a message, in turns with the mail; it stays in the source until the actor takes
    /// it. What the source dropped because the actor was too slow goes to [`on_lagged`](Actor::on_lagged).
    ///
    /// It ends with this run, and [`started`](Actor::started) attaches it anew, from what the factory holds: a broadcast's sender, which
    /// is subscribed to again, or a clone of a channel's receiver.
    ///
    /// The end of the source is not told: [`attach_with_end`](Self::attach_with_end) does that.
    pub fn attach<S, M>(&mut self, source: S, mut map: impl FnMut(S::Item) -> M + Send + 'static)
    where
        S: Attach,
        M: MessageFor<A>,
    {
        let items = source.into_events().map(move |event| Item::of::<A, _>(event.map(&mut map)));
        self.cell.add(|lanes| lanes.attach(items));
    }

    /// As [`attach`](Self::attach), and tells the end of the source: `map` is given each value as `Some`, and after the last one
    /// `None`, once, as who receives from a channel is. What that means the actor says: a message of its own, another source, its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, spawn};
    /// use vela::Receiver;
    ///
    /// /// Adds up what comes, and ends when nothing more can come.
    /// struct Sum {
    ///     numbers: Option<Receiver<u64>>,
    ///     sum: u64,
    /// }
    ///
    /// enum SumMsg {
    ///     Add(u64),
    ///     Done,
    /// }
    ///
    /// impl Actor for Sum {
    ///     type Message = SumMsg;
    ///     type Error = std::convert::Infallible;
    ///
    ///     async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         if let Some(numbers) = self.numbers.take() {
    ///             cx.attach_with_end(numbers, |number| number.map_or(SumMsg::Done, SumMsg::Add));
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, message: SumMsg, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         match message {
    ///             SumMsg::Add(n) => self.sum += n,
    ///             SumMsg::Done => {
    ///                 assert_eq!(self.sum, 5);
    ///                 cx.stop();
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # vela::block_on(async {
    /// let (to, numbers) = vela::channel(8);
    /// let sum = spawn(Sum { numbers: Some(numbers), sum: 0 });
    /// to.send(2).await.unwrap();
    /// to.send(3).await.unwrap();
    /// drop(to);
    /// assert!(sum.terminated().await.is_normal());
    /// # });
    /// ```
    pub fn attach_with_end<S, M>(&mut self, source: S, mut map: impl FnMut(Option<S::Item>) -> M + Send + 'static)
    where
        S: Attach,
        M: MessageFor<A>,
    {
        let end = stream::iter([()]).map(|()| Ok(None));
        let events = source.into_events().map(|event| event.map(Some)).chain(end);
        let items = events.map(move |event| Item::of::<A, _>(event.map(&mut map)));
        self.cell.add(|lanes| lanes.attach(items));
    }

    /// Runs `work` in a task beside the actor, and gives what `map` makes of its result as a message. The result is an `Err` if `work`
    /// has panicked; where `work` gives a `Result` itself, that is in the `Ok`. The task is cancelled when this run of the actor ends, and may
    /// be at its await for a moment longer. `guide::actors` has an example.
    #[track_caller]
    pub fn pipe<F, M>(
        &mut self,
        work: F,
        map: impl FnOnce(Result<F::Output, vela_core::task::TaskError>) -> M + Send + 'static,
    ) where
        F: Future<Output: Send> + Send + 'static,
        M: MessageFor<A>,
    {
        /// Cancels the task with the lanes.
        struct Piped<T>(vela_core::task::Task<T>);

        impl<T> Drop for Piped<T> {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }

        let task = Piped(TaskBuilder::new().spawn(work));
        let result = async move { Item::Message(map(task.0.join().await).into_message()) };
        self.cell.add(|lanes| lanes.attach(result.into_stream()));
    }

    // ---------------------------------------------------------------------------------------------- other actors

    /// Calls [`on_terminated`](Actor::on_terminated) once the other actor has ended for good; a restart of it is no end. It is called
    /// after the mail that is in the mailbox by then, so that the other one's last messages come first. If it has ended already:
    /// as soon. A [kept](Children::spawn_kept) child has ended when it does not come back by itself; to hear of what becomes
    /// of it after a restart by hand, watch it again.
    ///
    /// A [`run`](Actor::run) of one's own has to ask for such notices: [`Inbox::notice`](crate::Inbox::notice).
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, Address, System, Terminated, child};
    ///
    /// # struct Feed;
    /// # impl Actor for Feed {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// struct Board(Address<Feed>);
    ///
    /// impl Actor for Board {
    ///     type Message = u32;
    ///     type Error = std::convert::Infallible;
    ///
    ///     async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         cx.watch(&self.0);                             // in each run anew
    ///         Ok(())
    ///     }
    ///
    ///     async fn on_terminated(&mut self, feed: Terminated, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         println!("{} has ended: {}", feed.path, feed.exit);
    ///         cx.stop();
    ///         Ok(())
    ///     }
    /// #   async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// }
    ///
    /// # vela::block_on(async {
    /// let system = System::new("exchange");
    /// let feed = system.spawn(child("feed"), || Feed)?;
    /// let of = feed.clone();
    /// let board = system.spawn(child("board").transient(), move || Board(of.clone()))?;
    /// feed.stop();
    /// assert!(board.terminated().await.is_normal());
    /// # system.shutdown().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn watch<B: Actor>(&mut self, other: &Address<B>) {
        let cell = Arc::clone(other.cell());
        let mut unread = Unread { by: self.cell.core.who.clone(), of: Arc::clone(&cell) as _, read: false };
        let end = async move {
            unread.read = true;
            drop(unread);
            let exit = cell.core.parked_or_terminated().await;
            Terminated { id: cell.core.who.id(), path: cell.core.who.shared_path(), exit }
        };
        self.cell.add(|lanes| lanes.watch(end));
    }

    /// Each of the two fails when the other one has failed or was killed for good, for as long as both are there, over restarts. Not
    /// when it ended normally. One that is between two runs just then is left alone. A [kept](Children::spawn_kept) child has failed for
    /// good when it does not come back by itself; after a restart by hand its links hold again.
    pub fn link<B: Actor>(&mut self, other: &Address<B>) {
        let this: Arc<dyn AnyCell> = Arc::clone(&self.cell) as _;
        let that: Arc<dyn AnyCell> = Arc::clone(other.cell()) as _;
        this.core().link(&that);
        that.core().link(&this);
    }

    // ----------------------------------------------------------------------------------------------------- stash

    /// Puts a message aside, over restarts, too, until [`unstash_all`](Self::unstash_all). The stash holds as many messages as the
    /// mailbox.
    ///
    /// # Errors
    ///
    /// The stash is full: the message comes back.
    pub fn stash(&mut self, message: impl MessageFor<A>) -> Result<(), StashFull<A::Message>> {
        let most = self.cell.mail.capacity().unwrap_or(usize::MAX).max(1);
        let envelope = Envelope { message: message.into_message(), behind: chain::behind() };
        self.cell.with_kept(|kept| {
            if kept.stash.len() >= most {
                let path = self.cell.core.who.shared_path();
                return Err(StashFull { message: envelope.message, path, capacity: most });
            }
            kept.stash.push_back(envelope);
            Ok(())
        })
    }

    /// Gives back what is in the stash, in its order, before the mail.
    pub fn unstash_all(&mut self) {
        self.cell.with_kept(|kept| {
            let mut stash = std::mem::take(&mut kept.stash);
            kept.returned.append(&mut stash);
        });
        self.cell.rouse();
    }

    /// How many messages are in the stash.
    #[must_use]
    pub fn stashed(&self) -> usize {
        self.cell.stashed()
    }

    // -------------------------------------------------------------------------------------------------- children

    /// Says how this actor looks after its children; before the first of them. Without it: each on its own, at most 3 restarts
    /// within 5 s.
    ///
    /// When a child's failures are more than that, this actor fails, after its other children have been stopped.
    ///
    /// # Errors
    ///
    /// The settings contradict each other, or it comes too late: it was called before in this run, or [`spawn`](Self::spawn) or
    /// [`children`](Self::children) was. The error says where.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, SpawnError, Strategy, Supervision, child, spawn};
    /// use vela::time::{ms, secs};
    ///
    /// struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = ();
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// struct Boss;
    ///
    /// impl Actor for Boss {
    ///     type Message = ();
    ///     type Error = SpawnError;
    ///
    ///     async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), SpawnError> {
    ///         cx.supervise(Supervision::new(Strategy::OneForOne).backoff(ms(100)..secs(30)).stop_together())?;
    ///         for n in 0..4 {
    ///             cx.spawn(child(format!("worker-{n}")), || Worker)?;
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle(&mut self, (): (), cx: &mut ActorContext<Self>) -> Result<(), SpawnError> {
    ///         let late = cx.supervise(Strategy::OneForAll).unwrap_err().to_string();
    ///         assert!(late.contains("comes too late: call it once, in `started`"), "{late}");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # vela::block_on(async {
    /// let boss = spawn(Boss);
    /// boss.send(()).await.unwrap();
    /// let ended = boss.terminated();
    /// drop(boss);                                        // the last address: it ends when its mailbox is empty
    /// assert!(ended.await.is_normal());
    /// # });
    /// ```
    #[track_caller]
    pub fn supervise(&mut self, supervision: impl Into<Supervision>) -> Result<(), SpecError> {
        let supervision = supervision.into();
        supervision.check()?;
        if let Some(children) = self.cell.core.children() {
            return Err(children.supervised_already(self.path()));
        }
        self.start_children(supervision);
        Ok(())
    }

    /// The children of this run of the actor. They stop, in reverse order, before [`stopped`](Actor::stopped) is called.
    #[must_use]
    #[track_caller]
    pub fn children(&mut self) -> Children {
        match self.cell.core.children() {
            Some(children) => children,
            None => self.start_children(Supervision::default()),
        }
    }

    #[track_caller]
    fn start_children(&mut self, supervision: Supervision) -> Children {
        let core = &self.cell.core;
        let owner = Arc::downgrade(&self.cell);
        let on_over = Box::new(move |over: &Over| {
            let Some(cell) = owner.upgrade() else { return };
            match over {
                Over::Shutdown => {}
                Over::AutoShutdown => cell.core.raise(STOP),
                Over::Escalated(escalation) => {
                    cell.core.fail(FailureKind::Child(Arc::new(escalation.clone())));
                    let this: &dyn AnyCell = &*cell;
                    this.publish(|| escalation.event());
                }
            }
        });
        let children = Children::start(supervision, core.who.shared_path(), core.system.clone(), on_over);
        core.set_children(Some(children.clone()));
        children
    }

    /// Starts a child from `factory`, which makes a new one for each restart. Returns at once: messages that are sent before it
    /// has started wait in its mailbox.
    ///
    /// # Errors
    ///
    /// [`SpawnError`]: the specification contradicts itself, a sibling has the name, the supervisor ends.
    #[track_caller]
    pub fn spawn<C: Actor>(
        &mut self,
        spec: impl Into<ChildSpec>,
        factory: impl FnMut() -> C + Send + 'static,
    ) -> Result<Address<C>, SpawnError> {
        self.children().spawn(spec, factory)
    }

    /// Starts an actor that is there already, and so cannot be made again: see [`Children::spawn_once`].
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_once<C: Actor>(&mut self, spec: impl Into<ChildSpec>, actor: C) -> Result<Address<C>, SpawnError> {
        self.children().spawn_once(spec, actor)
    }

    pub(crate) async fn stop_children(&self) {
        if let Some(children) = self.cell.core.children() {
            children.close();
            let parent = self.cell.core.parent.as_ref().filter(|_| !children.is_over());
            parent.inspect(|parent| parent.waits(true));
            // In a box: few actors have children, and each would have room for this.
            Box::pin(async { children.over().await }).await;
            parent.inspect(|parent| parent.waits(false));
        }
    }
}

/// A watch before anybody has asked for notices.
struct Unread {
    by: Identity,
    of: Arc<dyn AnyCell>,
    read: bool,
}

impl Drop for Unread {
    /// A `run` of one's own that forgets the notices is told so in a debug build.
    fn drop(&mut self) {
        if cfg!(debug_assertions) && !self.read && !seam::simulated() && self.of.core().exit().is_some() {
            say_now_and_then(format_args!(
                "vela: {} watched {}, which has ended, and was never told: a `run` of one's own has to ask for notices \
                 (`notice = inbox.notice() => cx.notify(self, notice).await?`)",
                self.by.path(),
                self.of.core().who.path()
            ));
        }
    }
}

/// How long a message is handled, if the actor is monitored. Takes no room where nobody wants to know.
pub(crate) struct Stopwatch {
    #[cfg(feature = "metrics")]
    since: Option<(&'static str, vela_core::time::Instant)>,
}

impl<A: Actor> ActorContext<A> {
    pub(crate) fn stopwatch(&self) -> Stopwatch {
        Stopwatch {
            #[cfg(feature = "metrics")]
            since: self.cell.monitored.then(|| (self.cell.kind(), vela_core::time::Instant::now())),
        }
    }
}

impl Stopwatch {
    pub(crate) fn stop(self) {
        #[cfg(feature = "metrics")]
        if let Some((kind, since)) = self.since {
            crate::export::handled(kind, since.elapsed());
        }
    }
}

/// The [stash](ActorContext::stash) is full; here is the message.
#[derive(Clone)]
#[non_exhaustive]
pub struct StashFull<M> {
    /// What was to be put aside.
    pub message: M,
    /// The path of the actor.
    pub path: Arc<str>,
    /// How many messages its stash holds: as many as its mailbox.
    pub capacity: usize,
}

impl<M> fmt::Debug for StashFull<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StashFull").field("path", &self.path).field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<M> fmt::Display for StashFull<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, capacity, .. } = self;
        write!(
            f,
            "the stash of `{path}` is full with {capacity} messages, as many as its mailbox holds: give them back sooner \
             (`cx.unstash_all()`), or give it a larger mailbox"
        )
    }
}

impl<M> std::error::Error for StashFull<M> {}

impl<A: Actor> fmt::Debug for ActorContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorContext").field("of", &self.cell.core.who).finish_non_exhaustive()
    }
}
