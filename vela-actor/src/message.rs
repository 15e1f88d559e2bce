//! What an actor takes.

use crate::actor::Actor;

/// What can be sent to the actor `A`: its [`Message`](Actor::Message), and whatever that has a `From` for. Not for others to
/// implement: write the `From`, or derive `Message` for the enum.
///
/// # Examples
///
/// ```
/// use vela_actor::{Actor, ActorContext, MessageFor, Recipient, spawn};
///
/// # struct Log;
/// # impl Actor for Log {
/// #     type Message = String;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: String, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// fn greet<A: Actor>(who: &vela_actor::Address<A>) -> bool
/// where
///     &'static str: MessageFor<A>,
/// {
///     who.try_send("hello").is_ok()
/// }
/// # vela_core::block_on(async {
/// assert!(greet(&spawn(Log)));
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "the actor `{A}` does not take `{Self}`",
    label = "no message of `{A}`",
    note = "an actor takes its `Message`, and whatever that has a `From` for",
    note = "if the message is an enum that derives `Message`, add a variant that holds this type alone: `Name(Type)`, and `Name(Call<Type>)` for what is asked; else write `impl From<…>` for it"
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

mod sealed {
    use super::Actor;

    pub trait Sealed<A> {}

    #[diagnostic::do_not_recommend]
    impl<A: Actor, M: Into<A::Message>> Sealed<A> for M {}
}
