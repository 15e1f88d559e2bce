//! The children of an actor or a system, for who adds, stops and looks at them.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use vela_core::__private::seam;

use super::engine::{Answer, Event, Over, Token};
use super::nursery::{Nursery, OnOver};
use super::supervisor::Supervisor;
use super::{ChildSpec, Key, Mailbox, SpecError, Supervision};
use crate::actor::Actor;
use crate::address::Address;
use crate::cell::{AnyCell, Cell, Factory};
use crate::exit::Exit;
use crate::identity::Identity;
use crate::mailbox::MailboxSpec;
use crate::registry::{did_you_mean, similar};
use crate::system::Shared;
use crate::tree::TreeSnapshot;

/// The children of one run of an actor, or of a [`System`](crate::System). Clones are handles of the same; none holds the children.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext};
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::{System, child};
///
/// # vela::block_on(async {
/// let system = System::new("farm");
/// let workers = system.children();
/// let first = workers.spawn(child("worker-1").transient(), || Worker)?;
/// workers.spawn(child("worker-2").transient(), || Worker)?;
/// assert_eq!(workers.names(), ["worker-1", "worker-2"]);
///
/// workers.stop("worker-1").await?;
/// assert!(!first.is_alive());
/// system.shutdown().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Children {
    nursery: Arc<Nursery>,
}

/// Why a child was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// What was asked for contradicts itself.
    Spec(SpecError),
    /// A sibling has that name.
    NameTaken {
        /// The name.
        name: Arc<str>,
        /// The path of who supervises.
        supervisor: Arc<str>,
    },
    /// The child of that name is of another type: to [`Children::get_or_spawn`].
    #[non_exhaustive]
    OtherType {
        /// The name.
        name: Arc<str>,
        /// The path of who supervises.
        supervisor: Arc<str>,
        /// The type of the actor that has the name.
        found: &'static str,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// The supervisor of this path ends, or this run of it has ended. After a restart it has other children: those are to be had from
    /// its context, or by [`Address::children`].
    Closed(Arc<str>),
}

impl From<SpecError> for SpawnError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::NameTaken { name, supervisor } => {
                write!(f, "{supervisor} has a child `{name}` already: choose another name, or stop that one first")
            }
            Self::OtherType { name, supervisor, found, wanted } => {
                write!(
                    f,
                    "the child `{name}` of {supervisor} is a `{found}`, and was asked for as a `{wanted}`: choose another name, or \
                     have the factory make a `{found}`"
                )
            }
            Self::Closed(supervisor) => write!(
                f,
                "{supervisor} ends, or this run of it has ended, and starts no more children: if it comes back, spawn it in \
                 `started`, or ask it for its children anew"
            ),
        }
    }
}

impl std::error::Error for SpawnError {}

/// Why a call about a child came to nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChildError {
    /// There is no child of that name.
    #[non_exhaustive]
    Unknown {
        /// The name.
        name: Arc<str>,
        /// The path of who supervises.
        supervisor: Arc<str>,
        /// Names that are like it, the most similar first. Of more than 1,000 children none is looked for.
        similar: Vec<Arc<str>>,
    },
    /// The child ended before it was up again. What follows is up to its restart type.
    #[non_exhaustive]
    Failed {
        /// The path of the child.
        path: Arc<str>,
        /// How it ended.
        exit: Exit,
    },
    /// The child is not restarted: a later call wanted something else, or it ended for good meanwhile.
    #[non_exhaustive]
    Overtaken {
        /// The path of the child.
        path: Arc<str>,
    },
    /// The supervisor of this path ends, or has ended.
    Closed(Arc<str>),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, supervisor, similar } => {
                write!(f, "{supervisor} has no child `{name}`")?;
                did_you_mean(similar, f)
            }
            Self::Failed { path, exit } => write!(
                f,
                "{path} did not come up: {exit} (if its restart type has it come back it is tried again by itself; if not, \
                 `restart` it once the cause is mended)"
            ),
            Self::Overtaken { path } => {
                write!(
                    f,
                    "{path} was not restarted: it was told to stop after that, or has ended for good: `restart` it once more, or spawn \
                     it anew if it is no child any more"
                )
            }
            Self::Closed(supervisor) => {
                write!(
                    f,
                    "{supervisor} ends, or has ended, and its children with it: its next run has others, to be asked for anew"
                )
            }
        }
    }
}

impl std::error::Error for ChildError {}

impl Children {
    #[track_caller]
    pub(crate) fn start(
        supervision: Supervision,
        path: Arc<str>,
        system: Option<Arc<Shared>>,
        on_over: OnOver,
    ) -> Self {
        Self { nursery: Nursery::start(supervision, path, system, on_over) }
    }

    /// `owner` says how it looks after its children, though it does already.
    #[track_caller]
    pub(crate) fn supervised_already(&self, owner: &str) -> SpecError {
        const FEW: usize = 3;
        let names = self.names();
        let few: Vec<_> = names.iter().take(FEW).map(|name| format!("`{name}`")).collect();
        let has = match names.len() {
            0 => "none yet".to_owned(),
            all if all > FEW => format!("{}, and {} more", few.join(", "), all - FEW),
            _ => few.join(", "),
        };
        let (since, at) = (self.nursery.since, Location::caller());
        SpecError::supervisor(format!(
            "`{owner}` looks after its children ({has}) since {}:{}, so `cx.supervise` at {}:{} comes too late: call it once, in \
             `started`, before `cx.spawn` and `cx.children`",
            since.file(),
            since.line(),
            at.file(),
            at.line(),
        ))
    }

    /// Starts an actor from `factory`, which makes a new one for each restart. Its name alone stands for [`child(name)`](crate::child):
    /// `spawn("parser", || Parser)`. Returns at once: messages that are sent before it has started wait in its mailbox.
    ///
    /// # Errors
    ///
    /// [`SpawnError`]: the specification contradicts itself, the name is taken, the supervisor ends.
    #[track_caller]
    pub fn spawn<A: Actor>(
        &self,
        spec: impl Into<ChildSpec>,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Result<Address<A>, SpawnError> {
        self.spawn_at(spec.into(), false, factory, Location::caller())
    }

    /// The child of this name, or a new one if there is none: whoever asks for it at the same time gets the same actor. For what there
    /// is one of for each key: the session of a user, the room of a chat.
    ///
    /// Of one that is found, specification and factory are what they were. One that is ending, because it was told to stop or stops
    /// itself, is waited for, and then there is a new one, unless that one comes back. (In a handler of that child this waits for
    /// itself.) A kept child that has ended is found as it is, and its mail waits for a [`restart`](Self::restart).
    ///
    /// So an actor that stops itself when it is idle is replaced by the next who wants it. It does so by `cx.stop_after_mail()`: what it
    /// has accepted is handled then, where `cx.stop()` drops it. But one that was found may end at any later moment. A
    /// [`send`](Address::send) that comes too late gives the message back, which is sent to the next one, as below. An
    /// [`ask`](Address::ask) does not give its request back: see [`AskError`](crate::AskError).
    ///
    /// # Errors
    ///
    /// [`SpawnError`]: the specification contradicts itself, the child of that name is an actor of another type, the supervisor ends.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: it starts no actor before it is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Room(String);
    /// # impl Actor for Room {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{Address, Children, SpawnError, System, child};
    ///
    /// async fn room(rooms: &Children, name: &str) -> Result<Address<Room>, SpawnError> {
    ///     let topic = name.to_owned();
    ///     rooms.get_or_spawn(child(name).transient(), move || Room(topic.clone())).await
    /// }
    ///
    /// # vela::block_on(async {
    /// let system = System::new("chat");
    /// let rooms = system.children();
    /// let rust = room(&rooms, "rust").await?;
    /// assert!(room(&rooms, "rust").await? == rust);
    /// rust.stop();
    /// assert!(room(&rooms, "rust").await? != rust);              // a new one, once the old one has gone
    ///
    /// let mut message = 7_u32;
    /// loop {
    ///     match room(&rooms, "rust").await?.send(message).await {
    ///         Err(late) if late.is_closed() => message = late.into_inner(),
    ///         sent => break sent?,
    ///     }
    /// }
    /// # system.shutdown().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn get_or_spawn<A: Actor>(
        &self,
        spec: impl Into<ChildSpec>,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> impl Future<Output = Result<Address<A>, SpawnError>> + Send {
        self.find_or_spawn(spec.into(), factory, Location::caller())
    }

    async fn find_or_spawn<A: Actor>(
        &self,
        spec: ChildSpec,
        factory: impl FnMut() -> A + Send + 'static,
        site: &'static Location<'static>,
    ) -> Result<Address<A>, SpawnError> {
        // Also if it is not needed: a mistake is not to be seen now and then only.
        self.nursery.supervision.check_child(&spec)?;
        let mut factory: Option<Factory<A>> = Some(Box::new(factory));
        loop {
            let Some((key, cell)) = self.nursery.named(spec.name()) else {
                match self.spawn_boxed(spec.clone(), false, &mut factory, site) {
                    // Somebody was faster.
                    Err(SpawnError::NameTaken { .. }) => continue,
                    spawned => return spawned,
                }
            };
            let found = cell.kind();
            let Ok(cell) = cell.into_any().downcast::<Cell<A>>() else {
                let (name, supervisor) = (spec.name().into(), Arc::clone(&self.nursery.path));
                return Err(SpawnError::OtherType { name, supervisor, found, wanted: std::any::type_name::<A>() });
            };
            match self.nursery.stays(key).await {
                Answer::Done => return Ok(Address::new(cell)),
                Answer::Over => return Err(SpawnError::Closed(Arc::clone(&self.nursery.path))),
                Answer::Unknown | Answer::Failed(_) | Answer::Overtaken => {}
            }
        }
    }

    /// Starts an actor that is there already, and so cannot be made again: the child is temporary, whatever the specification says, and
    /// [`restart`](Self::restart) by hand ends it as a failure. For what owns a socket, say.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Session(String);
    /// # impl Actor for Session {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::{System, child};
    ///
    /// # vela::block_on(async {
    /// let system = System::new("server");
    /// let session = Session("a socket".into());
    /// system.children().spawn_once(child("session-1"), session)?;
    /// system.shutdown().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn_once<A: Actor>(&self, spec: impl Into<ChildSpec>, actor: A) -> Result<Address<A>, SpawnError> {
        let mut actor = Some(actor);
        // `restart` by hand comes here a second time.
        let make = move || actor.take().unwrap_or_else(|| panic!("an actor that was given as a value starts once"));
        self.spawn(spec.into().temporary(), make)
    }

    /// As [`spawn`](Self::spawn), but it starts in its turn, and its specification stays when it has ended by itself or was stopped:
    /// [`restart`](Self::restart) starts it again. Until then mail waits, as for one that is about to be restarted; who
    /// [watches](crate::ActorContext::watch) it is told of its end, and who is [linked](crate::ActorContext::link) to it fails, if it failed.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_kept<A: Actor>(
        &self,
        spec: impl Into<ChildSpec>,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Result<Address<A>, SpawnError> {
        self.spawn_at(spec.into(), true, factory, Location::caller())
    }

    /// Starts a supervisor with its children. Unless the specification says otherwise it may take as long to stop as they do.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn supervisor(
        &self,
        spec: impl Into<ChildSpec>,
        supervisor: Supervisor,
    ) -> Result<Address<Supervisor>, SpawnError> {
        supervisor.check()?;
        self.spawn_at(spec.into().of_supervisor(), false, move || supervisor.clone(), Location::caller())
    }

    /// For what was asked for at `site`.
    pub(crate) fn spawn_at<A: Actor>(
        &self,
        spec: ChildSpec,
        kept: bool,
        factory: impl FnMut() -> A + Send + 'static,
        site: &'static Location<'static>,
    ) -> Result<Address<A>, SpawnError> {
        self.spawn_boxed(spec, kept, &mut Some(Box::new(factory)), site)
    }

    /// The factory is taken if there is no error.
    fn spawn_boxed<A: Actor>(
        &self,
        spec: ChildSpec,
        kept: bool,
        factory: &mut Option<Factory<A>>,
        site: &'static Location<'static>,
    ) -> Result<Address<A>, SpawnError> {
        let nursery = &self.nursery;
        let who = Identity::new(format!("{}/{}", nursery.path, spec.name()).into());
        let mailbox = mailbox_of(&spec).open(&who);
        let mailbox = mailbox.map_err(|error| SpecError::child(spec.name(), format!("the mailbox: {error}")))?;
        let mut made = None;
        seam::actor_spawned(who.id().get(), site);
        nursery.add(spec, kept, |parent| {
            let cell = Cell::new(who, mailbox, factory.take(), Some(parent), nursery.system.clone());
            made = Some(Address::new(Arc::clone(&cell)));
            cell
        })?;
        Ok(made.unwrap_or_else(|| unreachable!("it was made")))
    }

    /// Stops a child for good, and waits until it has ended. A permanent one does not come back. (A child that stops itself so waits for
    /// itself: [`ActorContext::stop`](crate::ActorContext::stop) does not.)
    ///
    /// # Errors
    ///
    /// [`ChildError`].
    ///
    /// # Cancel safety
    ///
    /// The child is stopped, whether or not anybody waits.
    pub async fn stop(&self, name: &str) -> Result<(), ChildError> {
        self.call(name, Event::Stop).await
    }

    /// Stops a child if it is up, starts it again, and waits until it is up. That is counted in no budget.
    ///
    /// # Errors
    ///
    /// [`ChildError`].
    ///
    /// # Cancel safety
    ///
    /// The child is restarted, whether or not anybody waits.
    pub async fn restart(&self, name: &str) -> Result<(), ChildError> {
        self.call(name, Event::Restart).await
    }

    /// As [`stop`](Self::stop), and removes the specification of one that was kept.
    ///
    /// # Errors
    ///
    /// [`ChildError`].
    ///
    /// # Cancel safety
    ///
    /// The child is removed, whether or not anybody waits.
    pub async fn remove(&self, name: &str) -> Result<(), ChildError> {
        self.call(name, Event::Remove).await
    }

    async fn call(&self, name: &str, event: fn(Key, Token) -> Event) -> Result<(), ChildError> {
        let nursery = &self.nursery;
        let unknown = || {
            // Each name takes time, and one of many that has just ended is usually no mistake.
            const FEW: usize = 1_000;
            let known: Vec<_> = {
                let table = nursery.table.lock();
                if table.names.len() > FEW { Vec::new() } else { table.names.keys().cloned().collect() }
            };
            let (supervisor, similar) = (Arc::clone(&nursery.path), similar(name, &known));
            ChildError::Unknown { name: name.into(), supervisor, similar }
        };
        let key = nursery.table.lock().names.get(name).copied();
        let Some(key) = key else { return Err(unknown()) };
        let path = || format!("{}/{name}", nursery.path).into();
        match nursery.call(event, key).await {
            Answer::Done => Ok(()),
            Answer::Unknown => Err(unknown()),
            Answer::Failed(exit) => Err(ChildError::Failed { path: path(), exit }),
            Answer::Overtaken => Err(ChildError::Overtaken { path: path() }),
            Answer::Over => Err(ChildError::Closed(Arc::clone(&nursery.path))),
        }
    }

    /// Waits until each child that was added so far has started, or is gone.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn settled(&self) {
        self.nursery.settled().await;
    }

    /// The names of the children, in the order in which they were started.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.nursery.table.lock().children.values().map(|entry| entry.spec.name().to_owned()).collect()
    }

    /// The children and what is below them, in the order in which they were started.
    #[must_use]
    pub fn list(&self) -> Vec<TreeSnapshot> {
        self.cells().iter().map(|cell| snapshot(&**cell)).collect()
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nursery.table.lock().children.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn cells(&self) -> Vec<Arc<dyn AnyCell>> {
        self.nursery.table.lock().children.values().map(|entry| Arc::clone(&entry.cell)).collect()
    }

    pub(crate) fn close(&self) {
        self.nursery.close(Event::Shutdown);
    }

    /// Whether they stop, or have stopped.
    pub(crate) fn is_closing(&self) -> bool {
        self.nursery.table.lock().closing
    }

    pub(crate) fn is_over(&self) -> bool {
        self.nursery.is_over()
    }

    pub(crate) async fn over(&self) -> Over {
        self.nursery.over().await
    }

    pub(crate) fn kill_and_then(&self, then: impl FnOnce() + Send + 'static) {
        self.nursery.kill_and_then(then);
    }
}

/// The actor and those below it, as they are now.
pub(crate) fn snapshot(cell: &dyn AnyCell) -> TreeSnapshot {
    let core = cell.core();
    let mut tree = TreeSnapshot::new(core.who.name(), core.who.id(), cell.kind(), core.state());
    tree.restarts = core.restarts().into();
    tree.mailbox = cell.depth();
    tree.oldest = cell.oldest();
    tree.children = core.children().map(|children| children.list()).unwrap_or_default();
    tree
}

fn mailbox_of(spec: &ChildSpec) -> MailboxSpec {
    let usual = MailboxSpec { monitored: spec.monitored, ..MailboxSpec::default() };
    match spec.mailbox {
        None => usual,
        Some(Mailbox::Unbounded) => MailboxSpec { capacity: None, ..usual },
        Some(Mailbox::Bounded(capacity, overflow)) => MailboxSpec { capacity: Some(capacity), overflow, ..usual },
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("of", &self.nursery.path).field("names", &self.names()).finish()
    }
}
