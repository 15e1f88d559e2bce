//! The narrow address: who takes a `T`, whatever actor that is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use vela_core::ops::{Named, Transmit};
use vela_core::select::Polled;
use vela_core::{Permit, SendError, SendErrorKind, TryReserveError};

use crate::actor::Actor;
use crate::address::Address;
use crate::ask::{Ask, Askable, Whom};
use crate::cell::Cell;
use crate::exit::Exit;
use crate::identity::ActorId;
use crate::mailbox::Envelope;
use crate::message::MessageFor;
use crate::reply::{Call, Request};
use crate::tell_error::TellError;

/// An address of which only one thing is known: a `T` can be sent to it. Made by [`Address::recipient`].
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext, spawn};
/// # struct Log;
/// # impl Actor for Log {
/// #     type Message = String;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: String, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use vela::actor::Recipient;
///
/// # vela::block_on(async {
/// let log = spawn(Log);
/// let words: Recipient<&'static str> = log.recipient();       // `Log` takes a `String`, which is made from a `&str`
/// words.send("hello").await.unwrap();                         // `words <- "hello"` inside `vela!`
/// # });
/// ```
pub struct Recipient<T> {
    to: Arc<dyn Deliver<T>>,
}

/// The future of a send; its type is known to the actor's address only.
type Delivery<'a, T> = Pin<Box<dyn Future<Output = Result<(), TellError<T>>> + Send + 'a>>;

/// The same, of what nobody wants back.
type Posting<'a> = Pin<Box<dyn Future<Output = Result<(), SendError<()>>> + Send + 'a>>;

trait Deliver<T>: Send + Sync {
    fn deliver(&self, message: T) -> Delivery<'_, T>;
    fn try_deliver(&self, message: T) -> Result<(), TellError<T>>;
    /// Sends what nobody wants back.
    fn post(&self, envelope: Envelope<T>) -> Posting<'_>;
    fn is_alive(&self) -> bool;
    fn exit(&self) -> Option<Exit>;
    fn path(&self) -> &str;
    fn id(&self) -> ActorId;
    fn whom(&self) -> Whom;
}

impl<A: Actor, T> Deliver<T> for Address<A>
where
    T: MessageFor<A> + Send + 'static,
{
    fn deliver(&self, message: T) -> Delivery<'_, T> {
        Box::pin(deliver(self.cell(), message))
    }

    fn try_deliver(&self, message: T) -> Result<(), TellError<T>> {
        let kind = match self.cell().mail.try_reserve() {
            Ok(place) => {
                fill(self.cell(), place, message.into_message());
                return Ok(());
            }
            Err(TryReserveError::Full) => SendErrorKind::Full,
            Err(TryReserveError::Closed) => SendErrorKind::Closed,
        };
        Err(TellError::new(self.cell(), kind, message))
    }

    fn post(&self, envelope: Envelope<T>) -> Posting<'_> {
        let Envelope { message, behind } = envelope;
        let sending = self.cell().mail.send(Envelope { message: message.into_message(), behind });
        Box::pin(async move { sending.await.map_err(|error| error.map(drop)) })
    }

    fn is_alive(&self) -> bool {
        Address::is_alive(self)
    }

    fn exit(&self) -> Option<Exit> {
        Address::exit(self)
    }

    fn path(&self) -> &str {
        Address::path(self)
    }

    fn id(&self) -> ActorId {
        Address::id(self)
    }

    fn whom(&self) -> Whom {
        Whom(Arc::clone(self.cell()) as _)
    }
}

/// Sends by the mailbox's rule for a full one. The message is changed into the actor's own type only once there is room, so that it
/// comes back as it was.
async fn deliver<A: Actor, T>(cell: &Cell<A>, message: T) -> Result<(), TellError<T>>
where
    T: MessageFor<A>,
{
    match cell.mail.reserve_by_policy().await {
        Ok(place) => {
            fill(cell, place, message.into_message());
            Ok(())
        }
        Err(kind) => Err(TellError::new(cell, kind, message)),
    }
}

/// If the mailbox was closed while the message was made, that is too late to be handled, and no `T` is left to give back: it is lost as
/// those are that the actor has at its end.
fn fill<A: Actor>(cell: &Cell<A>, place: Permit<'_, Envelope<A::Message>>, message: A::Message) {
    if let Err(error) = place.send(Envelope::new(message)) {
        cell.lose([error.into_inner()]);
    }
}

impl<T: Send + 'static> Recipient<T> {
    pub(crate) fn new<A: Actor>(address: Address<A>) -> Self
    where
        T: MessageFor<A>,
    {
        Self { to: Arc::new(address) }
    }

    /// As [`Address::send`]. One allocation.
    ///
    /// The actor's own type of message is made once there is room. If the mailbox closes while that is being made, the message is
    /// dropped as mail is that an actor has when it ends: [counted](Address::mailbox_dropped) and told by an event.
    ///
    /// # Errors
    ///
    /// It has ended, or its mailbox is full and its rule is to refuse. The message comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready drops the message, unsent.
    #[track_caller]
    pub fn send(&self, message: T) -> Named<impl Future<Output = Result<(), TellError<T>>> + Send + '_> {
        vela_core::__private::operation("send", self.to.deliver(message))
    }

    /// As [`Address::try_send`], with the exception that [`send`](Self::send) has.
    ///
    /// # Errors
    ///
    /// Its mailbox is full, or it has ended. The message comes back.
    pub fn try_send(&self, message: T) -> Result<(), TellError<T>> {
        self.to.try_deliver(message)
    }

    /// Whether messages are taken.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.to.is_alive()
    }

    /// The path of the actor.
    #[must_use]
    pub fn path(&self) -> &str {
        self.to.path()
    }

    /// The number of the actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.to.id()
    }
}

impl<Q: Request> Recipient<Call<Q>> {
    /// As [`Address::ask`]: it waits for 5 seconds unless told otherwise, and an ask from a handler that would close a circle of actors
    /// that wait for each other fails at once. One allocation more.
    ///
    /// # Errors
    ///
    /// [`AskError`](crate::AskError).
    ///
    /// # Cancel safety
    ///
    /// As [`Address::ask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Actor, ActorContext, AskError, Call, Recipient, Request, spawn};
    ///
    /// struct Price(&'static str);
    ///
    /// impl Request for Price {
    ///     type Reply = u32;
    /// }
    ///
    /// struct Shop;
    ///
    /// impl Actor for Shop {
    ///     type Message = Call<Price>;
    ///     type Error = std::convert::Infallible;
    ///
    ///     async fn handle(&mut self, call: Call<Price>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
    ///         call.reply_with(|Price(of)| of.len() as u32);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// /// Whoever knows prices: this knows nothing of shops.
    /// async fn total(prices: &Recipient<Call<Price>>) -> Result<u32, AskError> {
    ///     Ok(prices.ask(Price("tea")).await? + prices.ask(Price("cake")).await?)
    /// }
    ///
    /// # vela::block_on(async {
    /// assert_eq!(total(&spawn(Shop).recipient()).await?, 7);
    /// # Ok::<(), AskError>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn ask(&self, request: Q) -> Ask<'_, Self, Q> {
        Ask::new(self, request, |call| call)
    }
}

impl<Q: Request> Askable for Recipient<Call<Q>> {
    type Message = Call<Q>;
    type Unsent = ();
    type Sending<'a> = Posting<'a>;

    fn post(&self, envelope: Envelope<Call<Q>>) -> Self::Sending<'_> {
        self.to.post(envelope)
    }

    fn whom(&self) -> Whom {
        self.to.whom()
    }

    fn path(&self) -> Arc<str> {
        self.to.path().into()
    }

    fn exit(&self) -> Option<Exit> {
        self.to.exit()
    }
}

impl<T> Clone for Recipient<T> {
    fn clone(&self) -> Self {
        Self { to: Arc::clone(&self.to) }
    }
}

impl<T> fmt::Debug for Recipient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("path", &self.to.path()).finish()
    }
}

impl<'a, T: Send + 'static> Transmit<T> for &'a Recipient<T> {
    type Output = Result<(), TellError<T>>;
    type Case = Polled<Named<Delivery<'a, T>>>;

    #[track_caller]
    fn transmit(self, message: T) -> Self::Case {
        Polled::new(vela_core::__private::operation("send", self.to.deliver(message)))
    }
}
