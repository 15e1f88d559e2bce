//! A system: the root of a tree of actors, with what they share.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use vela_core::__private::operation;
use vela_core::broadcast;
use vela_core::ops::Named;
use vela_core::time::timeout;

use crate::actor::Actor;
use crate::address::Address;
use crate::events::{Event, Events, Who};
use crate::exit::Failure;
use crate::identity::Identity;
use crate::panics::contained;
use crate::registry::Registry;
use crate::supervise::{ChildSpec, Children, Over, SpawnError, SpecError, Strategy, Supervision, escalated};
use crate::tree::{ActorState, TreeSnapshot};

/// The root of a tree of actors.
///
/// Dropping the last handle stops the actors, in the order of [`shutdown`](Self::shutdown), and waits for nobody. Addresses do not hold
/// it: who starts a system in a function returns it with them.
///
/// When it [gives up](Self::terminated) the program goes on, without its actors.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext};
/// # struct Clerk;
/// # impl Actor for Clerk {
/// #     type Message = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::{System, child};
///
/// # vela::block_on(async {
/// let system = System::new("bank");
/// let clerk = system.spawn(child("clerk"), || Clerk)?;
/// clerk.send(7_u32).await.unwrap();
/// assert_eq!(clerk.path(), "bank/clerk");
/// system.shutdown().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct System {
    handle: Arc<Handle>,
}

/// Shared by the handles; their last drop stops the actors.
struct Handle {
    shared: Arc<Shared>,
    children: Children,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.ends(|name| format!("the last handle of the system `{name}` was dropped, which stops its actors"));
        self.children.close();
    }
}

/// What the actors of a system share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The root's number and name, which is the first part of all paths.
    root: Identity,
    pub(crate) registry: Registry,
    pub(crate) events: Events,
    /// What has ended the system or is about to, for errors: what came first.
    ended_by: OnceLock<Arc<str>>,
}

impl Shared {
    /// It ends. `why` is given its name.
    fn ends(&self, why: impl FnOnce(&str) -> String) {
        self.ended_by.get_or_init(|| why(self.root.path()).into());
    }

    /// What has ended it or is about to.
    pub(crate) fn ended_by(&self) -> Option<&Arc<str>> {
        self.ended_by.get()
    }
}

impl System {
    /// A system whose root restarts each child on its own, at most 3 times within 5 s, all children together, and without a wait. With
    /// one failure more it gives up, and all its actors are stopped.
    ///
    /// So a child that fails as it starts, since what it needs is down, ends the system in microseconds. [`with`](Self::with) has it try for
    /// longer: `Supervision::new(Strategy::OneForOne).max_restarts(20).backoff(ms(100)..secs(30))` does for six minutes.
    ///
    /// # Panics
    ///
    /// If the name is empty or contains `/`, which stands between the names of a path. [`with`](Self::with) has an error for that.
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        match Self::with(name, Strategy::OneForOne) {
            Ok(system) => system,
            // Not in a closure: the panic is that of the caller's line.
            Err(error) => panic!("{error}"),
        }
    }

    /// A system whose root supervises so.
    ///
    /// # Errors
    ///
    /// What was asked for contradicts itself, or the name is empty or contains `/`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext, child};
    /// # use vela::time::Instant;
    /// # struct Orders;
    /// # impl Actor for Orders {
    /// #     type Message = u32;
    /// #     type Error = &'static str;
    /// #     async fn started(&mut self, _: &mut ActorContext<Self>) -> Result<(), &'static str> { Err("no database") }
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), &'static str> { Ok(()) }
    /// # }
    /// use vela::actor::{Strategy, Supervision, System};
    /// use vela::time::{ms, secs};
    ///
    /// # vela::sim::Simulation::new().schedules(1).check(async || {
    /// # let start = Instant::now();
    /// let system = System::with(
    ///     "shop",
    ///     Supervision::new(Strategy::OneForOne)
    ///         .max_restarts(20)
    ///         .backoff(ms(100)..secs(30)),       // 0.1 s, 0.2 s, 0.4 s, … 30 s: it tries for six minutes
    /// )?;
    /// # system.spawn(child("orders"), || Orders)?;
    /// # system.terminated().await.unwrap_err();
    /// # assert_eq!(start.elapsed().as_secs(), 381);
    /// # vela::Result::<()>::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn with(name: impl Into<Arc<str>>, supervision: impl Into<Supervision>) -> Result<Self, SpecError> {
        let (name, supervision) = (name.into(), supervision.into());
        supervision.check()?;
        if name.is_empty() {
            return Err(SpecError::supervisor("the name of the system is empty: give it one, `System::new(\"shop\")`"));
        }
        if name.contains('/') {
            let problem =
                format!("the name `{name}` contains `/`, which stands between the names of a path: use another sign");
            return Err(SpecError::supervisor(problem));
        }
        Ok(Self::start(name, supervision))
    }

    fn start(name: Arc<str>, supervision: Supervision) -> Self {
        let root = Identity::new(Arc::clone(&name));
        let shared =
            Arc::new(Shared { root, registry: Registry::new(), events: Events::new(), ended_by: OnceLock::new() });
        let told = Arc::clone(&shared);
        let on_over = Box::new(move |over: &Over| {
            contained(|| told.registry.clear());
            match over {
                Over::Escalated(escalation) => {
                    let who =
                        Who { path: &told.root.shared_path(), id: told.root.id(), type_name: type_name::<Self>() };
                    contained(|| told.events.publish(who, || escalation.event()));
                    let failure = escalated(&told.root, escalation);
                    crate::panics::report_root(&failure);
                    contained(|| {
                        // First: the text is the user's.
                        let why = failure.to_string();
                        told.ends(|_| why);
                    });
                }
                Over::AutoShutdown => {
                    told.ends(|name| format!("the system `{name}` ended with its significant children"))
                }
                // Unless a handle has said why.
                Over::Shutdown => told.ends(|name| format!("the runtime of the system `{name}` has ended")),
            }
            told.events.end();
        });
        let children = Children::start(supervision, name, Some(Arc::clone(&shared)), on_over);
        Self { handle: Arc::new(Handle { shared, children }) }
    }

    /// Its name, the first part of its actors' paths.
    #[must_use]
    pub fn name(&self) -> &str {
        self.handle.shared.root.path()
    }

    /// Starts an actor below the root: see [`Children::spawn`].
    ///
    /// # Errors
    ///
    /// [`SpawnError`].
    #[track_caller]
    pub fn spawn<A: Actor>(
        &self,
        spec: impl Into<ChildSpec>,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Result<Address<A>, SpawnError> {
        self.handle.children.spawn(spec, factory)
    }

    /// The actors below the root.
    #[must_use]
    pub fn children(&self) -> Children {
        self.handle.children.clone()
    }

    /// The names of this system.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.handle.shared.registry.clone()
    }

    /// What happens to the actors from now on: starts, failures, restarts, ends. It keeps 1024 events for who receives them late, and
    /// ends with the system: once [`shutdown`](Self::shutdown) has returned, `recv` gives what is left and then `None`.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.handle.shared.events.subscribe()
    }

    /// The tree as it is now, as data; `Display` draws it.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::System;
    ///
    /// # vela::block_on(async {
    /// let system = System::new("shop");
    /// let drawn = "\
    /// actor  state    kind    mail  oldest  restarts
    /// shop   running  System     0       -         0
    /// ";
    /// assert_eq!(system.tree().to_string(), drawn);
    /// # });
    /// ```
    #[must_use]
    pub fn tree(&self) -> TreeSnapshot {
        let root = &self.handle.shared.root;
        let state = if self.handle.children.is_over() { ActorState::Stopped } else { ActorState::Running };
        let mut tree = TreeSnapshot::new(self.name(), root.id(), type_name::<Self>(), state);
        tree.children = self.handle.children.list();
        tree
    }

    /// Stops all actors, in exact reverse order of their start, one after the other, each within its own shutdown time, and waits
    /// until they have ended. Mail that they have not handled is dropped, and [counted](crate::Address::mailbox_dropped), unless
    /// [`ChildSpec::drain`] says otherwise. In a handler of one of them that would wait for itself: drop the future there, or ask another task.
    ///
    /// # Errors
    ///
    /// The system had failed before: a child's failures were more than its root may answer.
    ///
    /// # Cancel safety
    ///
    /// The actors stop, whether or not anybody waits.
    #[track_caller]
    pub fn shutdown(&self) -> Named<impl Future<Output = Result<(), Failure>> + Send + '_> {
        operation("shutdown", async {
            self.close();
            self.ended().await
        })
    }

    /// As [`shutdown`](Self::shutdown), but what has not stopped within `limit` is killed. It is waited for then, too, and a kill works at
    /// an `.await` only: a handler that blocks its thread for 2 s keeps this waiting for as long, whatever the limit. (That of a pool's
    /// shutdown is the other way round: it returns in time, and says what runs still.)
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    ///
    /// # Cancel safety
    ///
    /// The actors stop, whether or not anybody waits; nobody is killed then.
    #[track_caller]
    pub fn shutdown_within(&self, limit: Duration) -> Named<impl Future<Output = Result<(), Failure>> + Send + '_> {
        operation("shutdown_within", async move {
            self.close();
            if let Ok(outcome) = timeout(limit, self.ended()).await {
                return outcome;
            }
            self.handle.children.kill_and_then(|| ());
            self.ended().await
        })
    }

    /// Waits until all actors have ended: after a shutdown, and when the root has given up. `main` waits for this beside the signal that
    /// ends the program: `guide::patterns` shows that. Also a source: `<-system.terminated()`.
    ///
    /// # Errors
    ///
    /// Why the root gave up.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn terminated(&self) -> Named<impl Future<Output = Result<(), Failure>> + Send + '_> {
        operation("terminated", self.ended())
    }

    fn close(&self) {
        self.handle.shared.ends(|name| format!("the system `{name}` was shut down"));
        self.handle.children.close();
    }

    async fn ended(&self) -> Result<(), Failure> {
        match self.handle.children.over().await {
            Over::Shutdown | Over::AutoShutdown => Ok(()),
            Over::Escalated(escalation) => Err(escalated(&self.handle.shared.root, &escalation)),
        }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").field("name", &self.name()).field("children", &self.handle.children).finish()
    }
}
