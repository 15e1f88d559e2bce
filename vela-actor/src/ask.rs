//! Asking: a request goes out, its typed reply comes back, or an error that says why not.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use vela_core::__private::{Site, seam};
use vela_core::ops::Receive;
use vela_core::select::Polled;
use vela_core::{SendError, SendErrorKind};

use crate::cell::AnyCell;
use crate::chain;
use crate::deadline::{Entry, Expire, Wheel};
use crate::exit::Exit;
use crate::mailbox::Envelope;
use crate::reply::{Call, Outcome, Request, Slot};

/// How long an ask waits unless it is told otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Why an ask has no answer. `path` is that of the actor that was asked.
///
/// After [`Full`](Self::Full) and [`WouldDeadlock`](Self::WouldDeadlock) the request was not sent, and may be asked again. After the others
/// nobody can tell: it may have been handled, in part or wholly, so ask again only what may happen twice. The request does not come back; a
/// [`send`](crate::Address::send) that fails gives its message back, also one that has the place for its answer in it.
///
/// # Examples
///
/// ```
/// # use vela::actor::{Actor, ActorContext, Call, Request, Spawn};
/// # struct Get;
/// # impl Request for Get { type Reply = u32; }
/// # struct Lazy;
/// # impl Actor for Lazy {
/// #     type Message = Call<Get>;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: Call<Get>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # vela::block_on(async {
/// let lazy = Spawn::new().name("lazy").start(Lazy);
/// let error = lazy.ask(Get).await.unwrap_err();
/// assert!(error.to_string().starts_with("`lazy` dropped the request without an answer: its handler failed"));
/// # });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The mailbox was full, and its rule is to refuse, at once or after a time. The request was not sent.
    #[non_exhaustive]
    Full {
        /// Who was asked.
        path: Arc<str>,
        /// `TimedOut`: there was no room for as long as the mailbox's rule says.
        kind: SendErrorKind,
    },
    /// The actor has ended and comes back no more: before the request was sent, or while it was in the mailbox or with the handler.
    #[non_exhaustive]
    Terminated {
        /// Who was asked.
        path: Arc<str>,
        /// How it ended.
        exit: Exit,
        /// What has ended its system, if that has ended too and the actor did not fail itself: a shutdown, say.
        system: Option<Arc<str>>,
    },
    /// The request was dropped without an answer: its handler failed or did not answer it, the actor was stopped or killed before it was
    /// done with it, or the mailbox was full and its rule is to drop.
    #[non_exhaustive]
    NoReply {
        /// Who was asked.
        path: Arc<str>,
    },
    /// The actor is about to end, or to be stopped after its mail, and takes nothing more. The request was not sent.
    #[non_exhaustive]
    Closed {
        /// Who was asked.
        path: Arc<str>,
    },
    /// There was no answer in time. The request may be handled yet, unless it waited for room all the time: then it was not sent.
    #[non_exhaustive]
    TimedOut {
        /// Who was asked.
        path: Arc<str>,
        /// How long the asker waited.
        after: Duration,
    },
    /// The answer could never come: these actors wait for one another, the first for the last. The request was not sent.
    WouldDeadlock(Vec<Arc<str>>),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { path, kind: SendErrorKind::TimedOut } => {
                write!(
                    f,
                    "the mailbox of `{path}` had no room for as long as its rule waits: ask later, or give it more room"
                )
            }
            Self::Full { path, .. } => {
                write!(f, "the mailbox of `{path}` is full, and refuses more: ask later, or give it more room")
            }
            Self::Terminated { path, exit, system } => {
                write!(f, "`{path}` has ended, and answers no more (a new one has an address of its own): {exit}")?;
                system.as_ref().map_or(Ok(()), |system| write!(f, "; {system}"))
            }
            Self::NoReply { path } => {
                write!(
                    f,
                    "`{path}` dropped the request without an answer: its handler failed (`system.events()` and the log say why) or did not call `reply`, \
                     or it was never handled: the actor was stopped or killed first, or its mailbox was full and dropped it"
                )
            }
            Self::Closed { path } => {
                write!(
                    f,
                    "`{path}` is about to end, and takes no more messages: the request was not sent (a new one has an address of its own)"
                )
            }
            Self::TimedOut { path, after } => {
                write!(
                    f,
                    "`{path}` did not answer within {after:?}: it may yet handle the request (`.timeout(…)` waits longer)"
                )
            }
            Self::WouldDeadlock(path) => {
                f.write_str("the ask would wait for ever: ")?;
                for actor in path {
                    write!(f, "{actor} waits for ")?;
                }
                f.write_str(path.first().map_or("itself", |first| first))?;
                f.write_str("; send a message, or ask from a task (`cx.pipe`)")
            }
        }
    }
}

impl std::error::Error for AskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Terminated { exit, .. } => exit.failure().map(|failure| failure as _),
            _ => None,
        }
    }
}

/// An actor, whatever its type.
pub(crate) struct Whom(pub(crate) Arc<dyn AnyCell>);

impl fmt::Debug for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What can be asked: an [`Address`](crate::Address), or a [`Recipient`](crate::Recipient) of a [`Call`]. Nothing else can be.
///
/// # Examples
///
/// ```
/// use vela::actor::{Ask, Asked, Request};
/// use vela::time::secs;
///
/// /// Whoever is asked, and whatever.
/// fn patient<T: Asked, Q: Request>(ask: Ask<'_, T, Q>) -> Ask<'_, T, Q> {
///     ask.timeout(secs(60))
/// }
/// ```
#[expect(private_bounds, reason = "sealed")]
pub trait Asked: Askable {}

impl<T: Askable> Asked for T {}

/// How it is asked.
pub(crate) trait Askable: fmt::Debug {
    /// What is sent: the call, or what the actor takes for it.
    type Message;
    /// What a send that failed gives back.
    type Unsent;
    /// The send.
    type Sending<'a>: Future<Output = Result<(), SendError<Self::Unsent>>>
    where
        Self: 'a;

    /// Sends it by the mailbox's rule.
    fn post(&self, envelope: Envelope<Self::Message>) -> Self::Sending<'_>;

    /// Who is asked.
    fn whom(&self) -> Whom;

    /// What it is called.
    fn path(&self) -> Arc<str>;

    /// How it ended, if it has.
    fn exit(&self) -> Option<Exit>;
}

pin_project! {
    /// The future of [`Address::ask`](crate::Address::ask) and [`Recipient::ask`](crate::Recipient::ask). Nothing is sent before it
    /// is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it before the request was sent drops it, unsent. After that the actor sees that nobody wants the answer.
    #[must_use = "nothing is sent until it is awaited or received from"]
    pub struct Ask<'a, T, Q>
    where
        T: Asked,
        Q: Request,
    {
        to: &'a T,
        // `None` once it is on its way.
        message: Option<T::Message>,
        #[pin]
        send: Option<T::Sending<'a>>,
        waiting: Waiting<Q::Reply>,
        timeout: Option<Duration>,
        site: Site,
    }
}

/// What the asker holds while it waits.
struct Waiting<R> {
    slot: Arc<Slot<R>>,
    /// From the first time that it has to wait, if it has a timeout.
    entry: Option<Entry>,
    over: bool,
}

impl<R> Waiting<R> {
    fn end(&mut self) {
        self.over = true;
        self.entry = None;
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        if !self.over {
            self.slot.abandon();
            self.end();
        }
    }
}

impl<'a, T: Asked, Q: Request> Ask<'a, T, Q> {
    /// `message` makes what is sent of the call.
    #[track_caller]
    pub(crate) fn new(to: &'a T, request: Q, message: impl FnOnce(Call<Q>) -> T::Message) -> Self {
        let (call, slot) = Call::new(request);
        let waiting = Waiting { slot, entry: None, over: false };
        Self { to, message: Some(message(call)), send: None, waiting, timeout: Some(TIMEOUT), site: Site::here() }
    }

    /// Gives up after `limit`, counted from the first poll, whether the request waits for room or for its answer. It is never
    /// early, and late by about 5 ms, or 45 ms if it is a second or longer.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Waits for the answer as long as it takes.
    pub fn without_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }
}

impl<T: Asked, Q: Request> Future for Ask<'_, T, Q> {
    type Output = Result<Q::Reply, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let to: &T = this.to;
        if let Some(message) = this.message.take() {
            let slot = &this.waiting.slot;
            let behind = match chain::link(|| to.whom().0, || Arc::clone(slot) as _) {
                Ok(link) => link,
                Err(path) => {
                    this.waiting.end();
                    return Poll::Ready(Err(AskError::WouldDeadlock(path)));
                }
            };
            this.send.set(Some(to.post(Envelope { message, behind })));
        }
        let mut result = Poll::Pending;
        if let Some(send) = this.send.as_mut().as_pin_mut() {
            match send.poll(cx) {
                Poll::Ready(sent) => {
                    this.send.set(None);
                    if let Err(error) = sent {
                        result = Poll::Ready(Err(refused(to, error.kind())));
                    }
                }
                Poll::Pending => {}
            }
        }
        if result.is_pending() {
            result = this.waiting.slot.poll(cx).map(|outcome| match outcome {
                Outcome::Replied(answer) => Ok(answer),
                Outcome::Expired => {
                    Err(AskError::TimedOut { path: to.path(), after: this.timeout.unwrap_or_default() })
                }
                Outcome::Unanswered => Err(unanswered(to)),
            });
        }
        if result.is_pending()
            && this.waiting.entry.is_none()
            && let Some(limit) = *this.timeout
        {
            let slot: Arc<dyn Expire> = Arc::clone(&this.waiting.slot) as _;
            this.waiting.entry = Some(Wheel::current().enter_for(limit, slot));
        }
        // While it waits for room, the send tells of itself.
        if this.send.is_none() {
            this.site.polled(result.is_ready(), "ask", || seam::actor(to.whom().0.core().who.id().get()));
        }
        let answer = ready!(result);
        this.send.set(None);
        this.waiting.end();
        Poll::Ready(answer)
    }
}

fn refused<T: Asked>(to: &T, kind: SendErrorKind) -> AskError {
    match kind {
        SendErrorKind::Closed => match unanswered(to) {
            // It has not ended yet, and never had the request.
            AskError::NoReply { path } => AskError::Closed { path },
            ended => ended,
        },
        kind => AskError::Full { path: to.path(), kind },
    }
}

fn unanswered<T: Asked>(to: &T) -> AskError {
    let path = to.path();
    match to.exit() {
        Some(exit) => AskError::Terminated { path, exit, system: to.whom().0.core().ended_by() },
        None => AskError::NoReply { path },
    }
}

impl<T: Asked, Q: Request> fmt::Debug for Ask<'_, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("of", self.to).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl<T: Asked, Q: Request> Receive for Ask<'_, T, Q> {
    type Output = Result<Q::Reply, AskError>;
    type Case = Polled<Self>;

    fn receive(self) -> Self::Case {
        Polled::new(self)
    }
}
