//! Starting actors that nobody supervises.

use std::panic::Location;
use std::sync::Arc;

use vela_core::__private::seam;
use vela_core::Overflow;

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::Cell;
use crate::identity::{Identity, SLASH_IN_NAME};
use crate::incarnation;
use crate::mailbox::{BOUND_AND_NONE, MailboxSpec};

/// The options of an actor that nobody supervises.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext};
/// # struct Echo;
/// # impl Actor for Echo {
/// #     type Message = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::Spawn;
/// use vela::Overflow;
///
/// # vela::block_on(async {
/// let echo = Spawn::new().name("echo").mailbox(16, Overflow::DropOldest).start(Echo);
/// assert_eq!((echo.path(), echo.mailbox_capacity()), ("echo", Some(16)));
/// # });
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is started until `start`"]
pub struct Spawn {
    name: Option<Arc<str>>,
    mailbox: MailboxSpec,
    /// It was said that the mailbox has a bound.
    bounded: bool,
    /// It was said that it has none.
    unbounded: bool,
}

impl Spawn {
    /// No name but that of the actor's type, and a mailbox of 1024 messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the actor, for its errors and reports.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The mailbox holds `capacity` messages; `overflow` says what a send does when it is full.
    pub fn mailbox(mut self, capacity: usize, overflow: Overflow) -> Self {
        self.mailbox = MailboxSpec { capacity: Some(capacity), overflow, ..self.mailbox };
        self.bounded = true;
        self
    }

    /// The mailbox holds any number of messages, until there is no memory left.
    pub fn unbounded_mailbox(mut self) -> Self {
        self.mailbox.capacity = None;
        self.unbounded = true;
        self
    }

    /// The mailbox is [monitored](vela_core::monitor) under the actor's path.
    pub fn monitored(mut self) -> Self {
        self.mailbox.monitored = true;
        self
    }

    fn problem(&self) -> Option<&'static str> {
        let name = self.name.as_deref();
        if name.is_some_and(str::is_empty) {
            Some("the name is empty: give it one, `.name(\"counter\")`, or remove `.name(…)`")
        } else if name.is_some_and(|name| name.contains('/')) {
            Some(SLASH_IN_NAME)
        } else {
            (self.bounded && self.unbounded).then_some(BOUND_AND_NONE)
        }
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// If the name is empty or contains `/`, the mailbox was given a bound and none, or the capacity and the overflow policy contradict
    /// each other (nothing can be dropped from a mailbox of 0 messages), and if the mailbox is to be unbounded where the configuration of
    /// the process forbids that.
    #[track_caller]
    pub fn start<A: Actor>(self, actor: A) -> Address<A> {
        if let Some(problem) = self.problem() {
            panic!("actor `{}`: {problem}", self.name.as_deref().unwrap_or_else(|| short_name::<A>()));
        }
        let who = self.name.map_or_else(|| Identity::of_kind(short_name::<A>), Identity::new);
        let mailbox = match self.mailbox.open(&who) {
            Ok(mailbox) => mailbox,
            // Not in a closure: the panic is that of the caller's line.
            Err(error) => panic!("the mailbox of {}: {error}", who.path()),
        };
        seam::actor_spawned(who.id().get(), Location::caller());
        let cell = Cell::new(who, mailbox, None, None, None);
        let address = Address::new(Arc::clone(&cell));
        incarnation::start(cell, Some(actor));
        address
    }
}

/// The last part of a type's name; the same for each actor of the type.
fn short_name<A>() -> &'static str {
    let full = std::any::type_name::<A>();
    let start = full.split('<').next().and_then(|plain| plain.rfind("::")).map_or(0, |at| at + 2);
    &full[start..]
}
