//! A supervisor without an actor of one's own: a tree as a value.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::{ChildSpec, Children, SpawnError, SpecError, Supervision};
use crate::actor::Actor;
use crate::address::Address;
use crate::ask::AskError;
use crate::context::ActorContext;
use crate::reply::{Call, Request};

type StartChild = dyn Fn(&Children) -> Result<(), SpawnError> + Send + Sync;

/// A supervisor and its children, as a value: it is started, and restarted, as a whole.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext};
/// # #[derive(Default)]
/// # struct Database;
/// # impl Actor for Database {
/// #     type Message = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::{Strategy, Supervision, Supervisor, System, child};
/// use vela::time::secs;
///
/// # vela::block_on(async {
/// let storage = Supervisor::new(Supervision::new(Strategy::RestForOne).max_restarts(5).within(secs(60)))
///     .child(child("pool").shutdown(secs(10)), Database::default)
///     .child(child("cache"), Database::default);
///
/// let system = System::new("shop");
/// let storage = system.children().supervisor(child("storage"), storage)?;
/// assert_eq!(storage.children().await?.names(), ["pool", "cache"]);
/// system.shutdown().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "it is started by `Children::supervisor`"]
pub struct Supervisor {
    supervision: Supervision,
    children: Vec<(ChildSpec, Arc<StartChild>)>,
    /// The first contradiction in a supervisor below.
    problem: Option<SpecError>,
}

impl Supervisor {
    /// A supervisor without children.
    pub fn new(supervision: impl Into<Supervision>) -> Self {
        Self { supervision: supervision.into(), children: Vec::new(), problem: None }
    }

    /// One more child: they start in this order, each once the one before it has started (or, under
    /// [`OneForOne`](crate::Strategy::OneForOne), has failed to), and stop in the reverse order. One that has ended and does not come
    /// back stays as [`Stopped`](crate::ActorState::Stopped): mail that comes then waits until [`Children::restart`].
    #[track_caller]
    pub fn child<A: Actor>(
        mut self,
        spec: impl Into<ChildSpec>,
        factory: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        let (spec, factory) = (spec.into(), Arc::new(factory));
        let spec_of_child = spec.clone();
        let site = Location::caller();
        let start = move |children: &Children| {
            let factory = Arc::clone(&factory);
            children.spawn_at(spec_of_child.clone(), true, move || factory(), site).map(drop)
        };
        self.children.push((spec, Arc::new(start)));
        self
    }

    /// One more child, which is a supervisor itself.
    #[track_caller]
    pub fn supervisor(mut self, spec: impl Into<ChildSpec>, supervisor: Supervisor) -> Self {
        self.problem = self.problem.or_else(|| supervisor.check().err());
        self.child(spec.into().of_supervisor(), move || supervisor.clone())
    }

    /// Whether its settings and those of its children, however deep, agree with each other.
    ///
    /// # Errors
    ///
    /// The first contradiction, and how to mend it.
    pub fn check(&self) -> Result<(), SpecError> {
        self.supervision.check()?;
        let mut names = HashSet::new();
        for (spec, _) in &self.children {
            self.supervision.check_child(spec)?;
            if !names.insert(spec.name()) {
                let problem = "another child before it has this name: choose another one";
                return Err(SpecError::child(spec.name(), problem));
            }
        }
        self.problem.clone().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.children.iter().map(|(spec, _)| spec.name()).collect();
        f.debug_struct("Supervisor").field("supervision", &self.supervision).field("children", &names).finish()
    }
}

/// What a [`Supervisor`] is asked.
#[derive(Debug)]
pub enum SupervisorMessage {
    /// Its children.
    Children(Call<GetChildren>),
}

/// Asks a [`Supervisor`] for its [`Children`].
#[derive(Clone, Copy, Debug)]
pub struct GetChildren;

impl Request for GetChildren {
    type Reply = Children;
}

impl From<Call<GetChildren>> for SupervisorMessage {
    fn from(call: Call<GetChildren>) -> Self {
        Self::Children(call)
    }
}

impl From<Infallible> for SupervisorMessage {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Actor for Supervisor {
    type Message = SupervisorMessage;
    type Error = SpawnError;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), SpawnError> {
        cx.supervise(self.supervision.clone())?;
        let children = cx.children();
        for (_, start) in &self.children {
            start(&children)?;
        }
        // Until then no inbox looks at the signals: a child that does not come up must not keep its supervisor from stopping.
        let mut settled = pin!(async {
            children.settled().await;
            if children.is_closing() {
                // It has given up: what that means for this actor is said when they are over.
                children.over().await;
            }
        });
        poll_fn(|task| if cx.is_stopping() { Poll::Ready(()) } else { settled.as_mut().poll(task) }).await;
        Ok(())
    }

    async fn handle(&mut self, message: SupervisorMessage, cx: &mut ActorContext<Self>) -> Result<(), SpawnError> {
        let SupervisorMessage::Children(call) = message;
        call.reply(cx.children());
        Ok(())
    }
}

impl Address<Supervisor> {
    /// The children of the supervisor as it runs now: to add, stop and look at them. After a restart of the supervisor it
    /// has others.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn children(&self) -> Result<Children, AskError> {
        self.ask(GetChildren).await
    }
}
