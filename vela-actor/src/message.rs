//! What an actor takes.

use crate::actor::Actor;
use crate::reply::{Call, Request};

/// What can be sent to the actor `A`: its [`Message`](Actor::Message), and whatever that has a `From` for. Not for others to
/// implement: write the `From`, or derive `Message` for the enum.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, MessageFor, Recipient, spawn};
///
/// # struct Log;
/// # impl Actor for Log {
/// #     type Message = String;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: String, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// fn greet<A: Actor>(who: &vela::actor::Address<A>) -> bool
/// where
///     &'static str: MessageFor<A>,
/// {
///     who.try_send("hello").is_ok()
/// }
/// # vela::block_on(async {
/// assert!(greet(&spawn(Log)));
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "the actor `{A}` does not take `{Self}`",
    label = "no message of `{A}`",
    note = "its `Message` needs a variant that holds this type alone, `Name({Self})`, and `#[derive(Message)]` on the enum, which writes the `From`",
    note = "an actor takes its `Message`, and whatever that has a `From` for"
)]
pub trait MessageFor<A: Actor>: sealed::Sealed<A> {
    /// The message.
    fn into_message(self) -> A::Message;
}

#[diagnostic::do_not_recommend]
impl<A: Actor, M: Into<A::Message>> MessageFor<A> for M {
    #[inline]
    fn into_message(self) -> A::Message {
        self.into()
    }
}

/// What the actor `A` can be asked: a [`Request`] whose [`Call`] can be sent to it. Not for others to implement: it is there for
/// each request that `A`'s message has a variant for.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, Address, AskError, Call, Request, RequestFor, spawn};
///
/// struct Get;
///
/// impl Request for Get {
///     type Reply = u32;
/// }
/// # struct Seven;
/// # impl Actor for Seven {
/// #     type Message = Call<Get>;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, call: Call<Get>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
/// #         Ok(call.reply(7))
/// #     }
/// # }
///
/// async fn twice<A: Actor>(who: &Address<A>) -> Result<u32, AskError>
/// where
///     Get: RequestFor<A>,
/// {
///     Ok(who.ask(Get).await? + who.ask(Get).await?)
/// }
/// # vela::block_on(async {
/// assert_eq!(twice(&spawn(Seven)).await?, 14);
/// # Ok::<(), AskError>(())
/// # }).unwrap();
/// ```
// The bound of `ask` is on the request itself: `Call<Q>: MessageFor<A>` fails before it is known what `Q` is, and could not name it.
#[diagnostic::on_unimplemented(
    message = "the actor `{A}` cannot be asked `{Self}`",
    label = "no request that `{A}` takes",
    note = "its `Message` needs a variant `Name(Call<{Self}>)`, and `#[derive(Message)]` on the enum, which writes the `From`",
    note = "a variant that holds the type itself, without `Call`, has no place for an answer: it is for `send`"
)]
pub trait RequestFor<A: Actor>: Request + sealed::Asked<A> {
    /// The message that carries the request.
    #[doc(hidden)]
    fn into_message(call: Call<Self>) -> A::Message
    where
        Self: Sized;
}

#[diagnostic::do_not_recommend]
impl<A: Actor, Q: Request> RequestFor<A> for Q
where
    Call<Q>: MessageFor<A>,
{
    #[inline]
    fn into_message(call: Call<Self>) -> A::Message {
        call.into_message()
    }
}

mod sealed {
    use super::{Actor, Call, MessageFor, Request};

    pub trait Sealed<A> {}

    #[diagnostic::do_not_recommend]
    impl<A: Actor, M: Into<A::Message>> Sealed<A> for M {}

    pub trait Asked<A> {}

    #[diagnostic::do_not_recommend]
    impl<A: Actor, Q: Request> Asked<A> for Q where Call<Q>: MessageFor<A> {}
}
