//! The trait that actors implement.

use std::error::Error;
use std::future::Future;

use futures_util::future::Either;

use crate::chain;
use crate::context::ActorContext;
use crate::exit::{Exit, Failure};
use crate::inbox::{Inbox, Next};
use crate::lanes::{Notice, Terminated};

/// State of its own, a mailbox, and a task that handles one message after the other.
///
/// An `Err` or a panic, in whichever method, is a failure of the actor: its supervisor decides what becomes of it. State may be
/// held across `.await`: the next message waits for the one before it.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, Call, Request, spawn};
///
/// struct Get;
///
/// impl Request for Get {
///     type Reply = u64;
/// }
///
/// enum CounterMsg {                                  // `#[derive(Message)]` writes the two `From`
///     Add(u64),
///     Get(Call<Get>),
/// }
///
/// impl From<u64> for CounterMsg {
///     fn from(n: u64) -> Self {
///         Self::Add(n)
///     }
/// }
///
/// impl From<Call<Get>> for CounterMsg {
///     fn from(call: Call<Get>) -> Self {
///         Self::Get(call)
///     }
/// }
///
/// #[derive(Default)]
/// struct Counter {
///     sum: u64,
/// }
///
/// impl Actor for Counter {
///     type Message = CounterMsg;
///     type Error = std::num::TryFromIntError;
///
///     async fn handle(&mut self, message: CounterMsg, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         match message {
///             CounterMsg::Add(n) => self.sum += n,
///             CounterMsg::Get(call) => call.reply(self.sum),
///         }
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// let counter = spawn(Counter::default());
/// counter.send(40).await.unwrap();                   // `counter <- 40` inside `vela!`
/// counter.send(2).await.unwrap();
/// assert_eq!(counter.ask(Get).await?, 42);
/// # Ok::<(), vela::actor::AskError>(())
/// # }).unwrap();
/// ```
pub trait Actor: Sized + Send + 'static {
    /// What it understands: mostly an enum, with `From` for what is sent.
    type Message: Send + 'static;
    /// What its methods fail with.
    type Error: Into<Box<dyn Error + Send + Sync>> + Send;

    /// Handles a message.
    ///
    /// # Errors
    ///
    /// An error is a failure of the actor. The message is not handled again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at its await when the actor is killed, or fails because of a child or a link.
    fn handle(
        &mut self,
        message: Self::Message,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Called before the first message of each run: starts timers and children.
    ///
    /// # Errors
    ///
    /// An error is a failure of the actor; [`stopped`](Self::stopped) is called then, too.
    fn started(&mut self, cx: &mut ActorContext<Self>) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Called on the new state, before [`started`](Self::started), if the run before it failed, with its failure.
    ///
    /// # Errors
    ///
    /// An error is a failure of the actor; neither `started` nor [`stopped`](Self::stopped) is called then.
    fn restarting(
        &mut self,
        failure: &Failure,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = (failure, cx);
        async { Ok(()) }
    }

    /// Called at the end of each run, after its children have stopped: when it was told to stop, and when it has failed, also by
    /// a panic (the state is as the panic left it). Not when it is killed.
    ///
    /// An actor that was asked to stop has its [shutdown time](crate::ChildSpec::shutdown) for it. One that ends by itself has any
    /// time: its supervisor waits, and restarts it afterwards.
    ///
    /// # Errors
    ///
    /// An error makes a normal end a failure.
    fn stopped(
        &mut self,
        exit: &Exit,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = (exit, cx);
        async { Ok(()) }
    }

    /// Called when an actor that is [watched](ActorContext::watch) has ended for good, after the messages that are in the mailbox when
    /// that is seen: all that it sent before its end has been handled by then. (Not what was [put aside](ActorContext::stash).)
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    fn on_terminated(
        &mut self,
        terminated: Terminated,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = (terminated, cx);
        async { Ok(()) }
    }

    /// Called when an [attached](ActorContext::attach) source has dropped `missed` values, because this actor was too slow.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    fn on_lagged(
        &mut self,
        missed: u64,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = (missed, cx);
        async { Ok(()) }
    }

    /// The actor's loop: receives until the inbox ends, and handles. Write one of your own to wait for other things, too:
    ///
    /// ```text
    /// loop {
    ///     select! {
    ///         message = <-inbox => match message {
    ///             Some(message) => cx.handle(self, message).await?,
    ///             None => return Ok(()),                 // it was told to stop
    ///         },
    ///         _ = <-self.ticker => …,
    ///         notice = inbox.notice() => cx.notify(self, notice).await?,   // if it watches, or its sources may lag
    ///     }
    /// }
    /// ```
    ///
    /// The inbox says that it is to stop by `None`: a loop that takes `Some(message) = <-inbox` only, beside something that goes on for
    /// ever, does not stop, and is killed after its shutdown time. Notices come to [`on_terminated`](Self::on_terminated) and
    /// [`on_lagged`](Self::on_lagged) only if the loop asks for them and gives them to [`notify`](ActorContext::notify).
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle). `Ok` ends the actor normally.
    fn run(
        &mut self,
        inbox: &mut Inbox<Self>,
        cx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        receive_and_handle(self, inbox, cx)
    }
}

/// A block in a function: an `async fn` would hold its arguments twice, and each actor has one of these.
#[allow(clippy::manual_async_fn, reason = "an `async fn` holds its parameters twice")]
fn receive_and_handle<A: Actor>(
    actor: &mut A,
    inbox: &mut Inbox<A>,
    cx: &mut ActorContext<A>,
) -> impl Future<Output = Result<(), A::Error>> + Send {
    async move {
        loop {
            let Some(next) = inbox.next().await else { return Ok(()) };
            let stopwatch = cx.stopwatch();
            // `next` goes as a whole: what came is not kept beside what handles it.
            handle(actor, next, cx).await?;
            stopwatch.stop();
        }
    }
}

/// Inlined: what it gives may be large, and is made in its place so.
#[inline]
fn handle<A: Actor>(
    actor: &mut A,
    next: Next<A::Message>,
    cx: &mut ActorContext<A>,
) -> Either<impl Future<Output = Result<(), A::Error>> + Send, impl Future<Output = Result<(), A::Error>> + Send> {
    match next {
        Next::Mail(envelope) => {
            chain::begin(envelope.behind);
            Either::Left(actor.handle(envelope.message, cx))
        }
        Next::Notice(notice) => {
            chain::begin(None);
            Either::Right(notify(actor, notice, cx))
        }
    }
}

/// Gives a notice to the method for it.
pub(crate) fn notify<A: Actor>(
    actor: &mut A,
    notice: Notice,
    cx: &mut ActorContext<A>,
) -> Either<impl Future<Output = Result<(), A::Error>> + Send, impl Future<Output = Result<(), A::Error>> + Send> {
    match notice {
        Notice::Terminated(terminated) => Either::Left(actor.on_terminated(terminated, cx)),
        Notice::Lagged(missed) => Either::Right(actor.on_lagged(missed, cx)),
    }
}
