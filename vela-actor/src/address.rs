//! The address of an actor: sending, asking, watching.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use vela_core::__private::Pipe;
use vela_core::ops::{Named, Transmit};
use vela_core::select::{Mapped, Mapping, Polled};
use vela_core::{Receive, SendError};

use crate::actor::Actor;
use crate::ask::{Ask, Askable, Whom};
use crate::cell::Cell;
use crate::exit::Exit;
use crate::identity::ActorId;
use crate::mailbox::Envelope;
use crate::message::{MessageFor, RequestFor};
use crate::recipient::Recipient;
use crate::reply::Request;
use crate::signals::KILL;
use crate::tell_error::TellError;
use crate::tree::ActorState;

/// Where an actor is reached. Clones are addresses of the same actor, and stay good over its restarts.
///
/// `address <- message` inside `vela!` is a send, and an arm of `select!`. An actor that nobody supervises ends when its
/// last address has been dropped and its mailbox is empty; [`WeakAddress`] does not hold it.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, spawn};
///
/// struct Printer;
///
/// impl Actor for Printer {
///     type Message = String;
///     type Error = std::io::Error;
///
///     async fn handle(&mut self, line: String, _: &mut ActorContext<Self>) -> std::io::Result<()> {
///         println!("{line}");
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// let printer = spawn(Printer);
/// printer.send("hello").await.unwrap();              // whatever the message can be made from
/// printer.stop();
/// printer.terminated().await;
/// let refused = printer.try_send("too late").unwrap_err();
/// assert_eq!(refused.into_inner(), "too late");      // the message comes back
/// # });
/// ```
pub struct Address<A: Actor> {
    cell: Arc<Cell<A>>,
}

impl<A: Actor> Address<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        cell.count_address();
        Self { cell }
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<A>> {
        &self.cell
    }

    /// Sends a message, by the mailbox's own rule if it is full: it waits for room unless told otherwise. At most once, and in the
    /// order of the sends of one sender. Also `address <- message` inside `vela!`; as an arm of `select!` it waits for room.
    ///
    /// An actor that sends to itself, or in a circle, while the mailboxes are full waits for ever: `try_send` does not.
    ///
    /// # Errors
    ///
    /// The actor has ended, or the mailbox is full and its rule is to refuse. The message comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready drops the message, unsent.
    #[track_caller]
    pub fn send(&self, message: impl MessageFor<A>) -> Tell<'_, A> {
        Tell { send: self.cell.mail.send(Envelope::new(message.into_message())), to: Unsent(&self.cell) }
    }

    /// `address <- message` on its own: by the mailbox's rule, as [`send`](Self::send).
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __vela_send(&self, message: impl MessageFor<A>) -> Tell<'_, A> {
        self.send(message)
    }

    /// Sends a message if there is room now.
    ///
    /// # Errors
    ///
    /// The mailbox is full, or the actor has ended. The message comes back.
    pub fn try_send(&self, message: impl MessageFor<A>) -> Result<(), TellError<A::Message>> {
        let sent = self.cell.mail.try_send(Envelope::new(message.into_message()));
        sent.map_err(|error| TellError::of_try(&self.cell, error.map(|envelope| envelope.message)))
    }

    /// Sends a request and waits for its typed reply, for 5 seconds: `actor.ask(Get).await`, `<-actor.ask(Get)`, or an arm of
    /// `select!`. [`Ask::timeout`] changes the time.
    ///
    /// # Errors
    ///
    /// [`AskError`](crate::AskError). From a handler, an ask that would close a circle of handlers that wait for
    /// each other fails at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the request was sent drops it, unsent. After that the actor sees that nobody wants the answer.
    #[track_caller]
    pub fn ask<Q: Request + RequestFor<A>>(&self, request: Q) -> Ask<'_, Self, Q> {
        Ask::new(self, request, Q::into_message)
    }

    /// Ends the actor for good: it gets no further message (what is in its mailbox is dropped, and [counted](Self::mailbox_dropped);
    /// [`stop_after_mail`](Self::stop_after_mail) does not), its children and its [`stopped`](Actor::stopped) are heard, and
    /// it is killed if that takes longer than its shutdown time. Returns at once; wait for [`terminated`](Self::terminated).
    pub fn stop(&self) {
        match &self.cell.core.parent {
            Some(parent) => parent.stop(),
            None => crate::cell::stop_unsupervised(&self.cell.core),
        }
    }

    /// As [`stop`](Self::stop), but it first handles the mail that it has. Its mailbox closes: who sends from now on has the message
    /// back. All that within its shutdown time, if it is supervised; what that cuts off, or a later [`stop`](Self::stop), is lost, and
    /// [counted](Self::mailbox_dropped). [`ChildSpec::drain`](crate::ChildSpec::drain) has it so for each stop, and says what a failure
    /// on the way does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Log;
    /// # impl Actor for Log {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
    /// # }
    /// use vela::actor::spawn;
    ///
    /// # vela::block_on(async {
    /// let log = spawn(Log);
    /// log.send(1_u32).await.unwrap();
    /// log.stop_after_mail();
    /// assert!(log.terminated().await.is_normal());
    /// assert_eq!(log.mailbox_dropped(), 0);
    /// # });
    /// ```
    pub fn stop_after_mail(&self) {
        match &self.cell.core.parent {
            Some(parent) => parent.drain(),
            None => crate::cell::drain(&*self.cell, true),
        }
    }

    /// Drops what the actor does at its await. A supervisor takes that for a failure. Returns at once.
    pub fn kill(&self) {
        self.cell.core.raise(KILL);
    }

    /// Waits until the actor has ended and comes back no more, and says how. Also a source: `<-address.terminated()`. A
    /// [kept](crate::Children::spawn_kept) child may be started again by hand, until it is removed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn terminated(&self) -> Named<impl Future<Output = Exit> + Send + 'static> {
        let cell = Arc::clone(&self.cell);
        vela_core::__private::operation("terminated", async move { cell.core.terminated().await })
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.cell.core.exit().cloned()
    }

    /// Whether it is there, or comes back: messages are taken.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.cell.mail.is_closed()
    }

    /// What it does just now.
    #[must_use]
    pub fn state(&self) -> ActorState {
        self.cell.core.state()
    }

    /// The actor's number.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.core.who.id()
    }

    /// The names from the root of its tree to it: `bank/accounts/alice`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.cell.core.who.path()
    }

    /// How many messages are in the mailbox.
    #[must_use]
    pub fn mailbox_len(&self) -> usize {
        self.cell.mail.len()
    }

    /// How many messages the mailbox holds; `None`: unbounded.
    #[must_use]
    pub fn mailbox_capacity(&self) -> Option<usize> {
        self.cell.mail.capacity()
    }

    /// How many messages were dropped: because the mailbox was full, and because the actor ended before it came to them.
    #[must_use]
    pub fn mailbox_dropped(&self) -> u64 {
        self.cell.mail.dropped() + self.cell.core.lost()
    }

    /// The narrow address: all it says is that a `T` can be sent.
    #[must_use]
    pub fn recipient<T>(&self) -> Recipient<T>
    where
        T: MessageFor<A> + Send + 'static,
    {
        Recipient::new(self.clone())
    }

    /// An address that does not hold an actor that nobody supervises.
    #[must_use]
    pub fn downgrade(&self) -> WeakAddress<A> {
        WeakAddress { cell: Arc::downgrade(&self.cell) }
    }
}

impl<A: Actor> Clone for Address<A> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.cell))
    }
}

impl<A: Actor> Drop for Address<A> {
    fn drop(&mut self) {
        self.cell.discount_address();
    }
}

impl<A: Actor> PartialEq for Address<A> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<A: Actor> Eq for Address<A> {}

impl<A: Actor> std::hash::Hash for Address<A> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<A: Actor> fmt::Debug for Address<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("of", &self.cell.core.who).field("state", &self.state()).finish()
    }
}

impl<A: Actor> Askable for Address<A> {
    type Message = A::Message;
    type Unsent = Envelope<A::Message>;
    type Sending<'a> = vela_core::Send<'a, Envelope<A::Message>>;

    fn post(&self, envelope: Envelope<A::Message>) -> Self::Sending<'_> {
        self.cell.mail.send(envelope)
    }

    fn whom(&self) -> Whom {
        Whom(Arc::clone(&self.cell) as _)
    }

    fn path(&self) -> Arc<str> {
        self.cell.core.who.shared_path()
    }

    fn exit(&self) -> Option<Exit> {
        Address::exit(self)
    }
}

/// What becomes of a send: whose it was, for the error.
#[doc(hidden)]
pub struct Unsent<'a, A: Actor>(&'a Cell<A>);

impl<A: Actor> Mapping<Result<(), SendError<Envelope<A::Message>>>, Result<(), TellError<A::Message>>>
    for Unsent<'_, A>
{
    #[inline]
    fn map(&self, outcome: Result<(), SendError<Envelope<A::Message>>>) -> Result<(), TellError<A::Message>> {
        outcome.map_err(|error| TellError::new(self.0, error.kind(), error.into_inner().message))
    }
}

impl<A: Actor> fmt::Debug for Unsent<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsent")
    }
}

type EnvelopeCase<'a, M> = <&'a Pipe<Envelope<M>> as Transmit<Envelope<M>>>::Case;

impl<'a, A: Actor, M: MessageFor<A>> Transmit<M> for &'a Address<A> {
    type Output = Result<(), TellError<A::Message>>;
    type Case = Mapped<EnvelopeCase<'a, A::Message>, Self::Output, Unsent<'a, A>>;

    #[inline]
    #[track_caller]
    fn transmit(self, message: M) -> Self::Case {
        let case = (&self.cell.mail).transmit(Envelope::new(message.into_message()));
        Mapped::by(case, Unsent(&self.cell))
    }
}

pin_project! {
    /// The future of [`Address::send`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it before it is ready drops the message, unsent.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Tell<'a, A: Actor> {
        #[pin]
        send: vela_core::Send<'a, Envelope<A::Message>>,
        to: Unsent<'a, A>,
    }
}

impl<A: Actor> Future for Tell<'_, A> {
    type Output = Result<(), TellError<A::Message>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.send.poll(cx).map(|outcome| this.to.map(outcome))
    }
}

impl<A: Actor> fmt::Debug for Tell<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").finish_non_exhaustive()
    }
}

impl<A: Actor> Receive for Tell<'_, A> {
    type Output = Result<(), TellError<A::Message>>;
    type Case = Polled<Self>;

    fn receive(self) -> Self::Case {
        Polled::new(self)
    }
}

/// An address that does not hold an actor that nobody supervises.
pub struct WeakAddress<A: Actor> {
    cell: Weak<Cell<A>>,
}

impl<A: Actor> WeakAddress<A> {
    /// The address, if the actor is still there.
    #[must_use]
    pub fn upgrade(&self) -> Option<Address<A>> {
        self.cell.upgrade().filter(|cell| !cell.mail.is_closed()).map(Address::new)
    }
}

impl<A: Actor> Clone for WeakAddress<A> {
    fn clone(&self) -> Self {
        Self { cell: Weak::clone(&self.cell) }
    }
}

impl<A: Actor> fmt::Debug for WeakAddress<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakAddress")
    }
}

/// Starts an actor that nobody supervises: it ends when it fails, which is reported, and when its last address is gone. (One that
/// keeps its own address is stopped by hand; [`WeakAddress`] does not hold it.)
///
/// Its mailbox holds 1024 messages, and who sends more waits. [`Spawn`](crate::Spawn) has the options.
#[track_caller]
pub fn spawn<A: Actor>(actor: A) -> Address<A> {
    crate::spawn::Spawn::new().start(actor)
}
