//! A request with its typed reply, and the slot the reply goes through.
//!
//! One allocation for each ask: the slot, which the asker and the [`Reply`] share. It is a lock round four states:
//!
//! | state | by the reply | by its drop | by the deadline | by the asker |
//! |---|---|---|---|---|
//! | Open (waker) | Replied, wake | Unanswered, wake | Expired, wake | Gone |
//! | Replied, Unanswered, Expired | – | – | stays | Gone, with the outcome |
//! | Gone | the reply comes back | – | – | – |

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use vela_core::ops::Transmit;
use vela_core::select::Polled;

use crate::chain::Open;
use crate::deadline::Expire;
use crate::panics::contained;

/// What can be asked: it says what the answer is.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, Call, Request, spawn};
///
/// struct Length(String);
///
/// impl Request for Length {
///     type Reply = usize;
/// }
///
/// struct Counter;
///
/// impl Actor for Counter {
///     type Message = Call<Length>;              // most actors have an enum with several such variants
///     type Error = std::convert::Infallible;
///
///     async fn handle(&mut self, call: Call<Length>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         let (Length(text), reply) = call.into_parts();
///         reply.send(text.len()).ok();          // nobody may want it any more
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// assert_eq!(spawn(Counter).ask(Length("four".into())).await?, 4);
/// # Ok::<(), vela::actor::AskError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no request: nothing says what the answer is",
    label = "this cannot be asked",
    note = "write `impl Request for {Self} {{ type Reply = …; }}`",
    note = "what needs no answer is sent as it is: no `Call` round it, and `send` in place of `ask`"
)]
pub trait Request: Send + 'static {
    /// The answer.
    type Reply: Send + 'static;
}

/// A request in a mailbox, with the place its reply goes to. Made by [`Address::ask`](crate::Address::ask).
///
/// Dropping it tells the asker that there will be no answer.
#[must_use = "dropping a call tells the asker that there will be no answer"]
pub struct Call<Q: Request> {
    /// What is asked.
    pub request: Q,
    reply: Reply<Q::Reply>,
}

impl<Q: Request> Call<Q> {
    pub(crate) fn new(request: Q) -> (Self, Arc<Slot<Q::Reply>>) {
        let slot = Arc::new(Slot(Mutex::new(State::Open(None))));
        (Self { request, reply: Reply { slot: Some(Arc::clone(&slot)) } }, slot)
    }

    /// Answers; never waits. An asker who has gone meanwhile is no error here; see [`Reply::send`].
    pub fn reply(self, answer: Q::Reply) {
        drop(self.reply.send(answer));
    }

    /// Answers with what `work` makes of the request.
    pub fn reply_with(self, work: impl FnOnce(Q) -> Q::Reply) {
        let (request, reply) = self.into_parts();
        drop(reply.send(work(request)));
    }

    /// Whether the asker has gone, so that nobody wants the answer.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.reply.is_abandoned()
    }

    /// The request, and the place its reply goes to: to answer later, or from another task.
    pub fn into_parts(self) -> (Q, Reply<Q::Reply>) {
        (self.request, self.reply)
    }
}

impl<Q: Request> fmt::Debug for Call<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("abandoned", &self.is_abandoned()).finish_non_exhaustive()
    }
}

/// Where the answer to a [`Call`] goes. Dropping it tells the asker that there will be none.
#[must_use = "dropping a reply tells the asker that there will be no answer"]
pub struct Reply<R> {
    /// `None` once it was used.
    slot: Option<Arc<Slot<R>>>,
}

impl<R> Reply<R> {
    /// Answers; never waits. Also `reply <- answer` inside `vela!`.
    ///
    /// # Errors
    ///
    /// The asker has gone: the answer comes back.
    pub fn send(mut self, answer: R) -> Result<(), R> {
        match self.slot.take() {
            Some(slot) => slot.settle(State::Replied(answer)),
            None => Err(answer),
        }
    }

    /// Whether the asker has gone, by its deadline or because it was cancelled.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.slot.as_ref().is_none_or(|slot| !matches!(&*slot.0.lock(), State::Open(_)))
    }
}

impl<R> Drop for Reply<R> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            let _ = slot.settle(State::Unanswered);
        }
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("abandoned", &self.is_abandoned()).finish()
    }
}

/// Ready at once; the reply is used up, whether or not the asker is still there.
impl<R> Transmit<R> for Reply<R> {
    type Output = Result<(), R>;
    type Case = Polled<std::future::Ready<Result<(), R>>>;

    fn transmit(self, answer: R) -> Self::Case {
        Polled::new(std::future::ready(self.send(answer)))
    }
}

/// What asker and reply share.
pub(crate) struct Slot<R>(Mutex<State<R>>);

enum State<R> {
    Open(Option<Waker>),
    Replied(R),
    Unanswered,
    Expired,
    Gone,
}

/// What became of an ask.
pub(crate) enum Outcome<R> {
    Replied(R),
    Unanswered,
    Expired,
}

impl<R> Slot<R> {
    /// Gives the slot its outcome, if nothing has yet; else an answer comes back.
    fn settle(&self, outcome: State<R>) -> Result<(), R> {
        let mut state = self.0.lock();
        if let State::Open(waker) = &mut *state {
            let waker = waker.take();
            *state = outcome;
            drop(state);
            if let Some(waker) = waker {
                // The asker's waker is foreign: it does not fail who answers.
                contained(|| waker.wake());
            }
            return Ok(());
        }
        drop(state);
        match outcome {
            State::Replied(answer) => Err(answer),
            _ => Ok(()),
        }
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Outcome<R>> {
        // A clone of a waker is foreign code: none under the lock unless it is needed, and then before it.
        let mut fresh = None;
        loop {
            let mut state = self.0.lock();
            if let State::Open(waker) = &mut *state {
                if waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    return Poll::Pending;
                }
                let Some(fresh) = fresh.take() else {
                    drop(state);
                    fresh = Some(cx.waker().clone());
                    continue;
                };
                let before = waker.replace(fresh);
                drop(state);
                drop(before);
                return Poll::Pending;
            }
            let outcome = mem::replace(&mut *state, State::Gone);
            drop(state);
            return Poll::Ready(match outcome {
                State::Replied(answer) => Outcome::Replied(answer),
                State::Expired => Outcome::Expired,
                State::Open(_) | State::Unanswered | State::Gone => Outcome::Unanswered,
            });
        }
    }

    /// The asker waits no longer.
    pub(crate) fn abandon(&self) {
        let before = mem::replace(&mut *self.0.lock(), State::Gone);
        drop(before);
    }
}

impl<R: Send> Open for Slot<R> {
    fn is_open(&self) -> bool {
        matches!(&*self.0.lock(), State::Open(_))
    }
}

impl<R: Send> Expire for Slot<R> {
    fn expire(&self) {
        let _ = self.settle(State::Expired);
    }
}
