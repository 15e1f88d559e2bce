//! Asking: a request goes out, its typed reply comes back, or an error that says why not.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use vela_core::__private::Site;
use vela_core::__private::seam::Subject;
use vela_core::SendErrorKind;
use vela_core::ops::Receive;
use vela_core::select::Polled;

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::Envelope;
use crate::chain;
use crate::deadline::{Entry, Expire, Wheel};
use crate::exit::Exit;
use crate::message::MessageFor;
use crate::reply::{Call, Outcome, Request, Slot};

/// How long an ask waits unless it is told otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Why an ask has no answer. `path` is that of the actor that was asked.
///
/// # Examples
///
/// ```
/// # use vela_actor::{Actor, ActorContext, Call, Request, Spawn};
/// # struct Get;
/// # impl Request for Get { type Reply = u32; }
/// # struct Lazy;
/// # impl Actor for Lazy {
/// #     type Message = Call<Get>;
/// #     type Error = std::convert::Infallible;
/// #     async fn handle(&mut self, _: Call<Get>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # vela_core::block_on(async {
/// let lazy = Spawn::new().name("lazy").start(Lazy);
/// let error = lazy.ask(Get).await.unwrap_err();
/// assert_eq!(error.to_string(), "`lazy` dropped the request without an answer: its handler failed, or did not call `reply`");
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
    /// The actor has ended and comes back no more.
    #[non_exhaustive]
    Terminated {
        /// Who was asked.
        path: Arc<str>,
        /// How it ended.
        exit: Exit,
    },
    /// The request was dropped without an answer: its handler failed, or did not answer it, or the mailbox dropped it.
    #[non_exhaustive]
    NoReply {
        /// Who was asked.
        path: Arc<str>,
    },
    /// There was no answer in time. The request may be handled yet.
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
            Self::Terminated { path, exit } => write!(f, "`{path}` has ended, and answers no more: {exit}"),
            Self::NoReply { path } => {
                write!(f, "`{path}` dropped the request without an answer: its handler failed, or did not call `reply`")
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

pin_project! {
    /// The future of [`Address::ask`]. Nothing is sent before it is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it before the request was sent drops it, unsent. After that the actor sees that nobody wants the answer.
    #[must_use = "nothing is sent until it is awaited or received from"]
    pub struct Ask<'a, A: Actor, Q: Request> {
        address: &'a Address<A>,
        // `None` once it is on its way.
        message: Option<A::Message>,
        #[pin]
        send: Option<vela_core::Send<'a, Envelope<A::Message>>>,
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

impl<'a, A: Actor, Q: Request> Ask<'a, A, Q> {
    #[track_caller]
    pub(crate) fn new(address: &'a Address<A>, request: Q) -> Self
    where
        Call<Q>: MessageFor<A>,
    {
        let (call, slot) = Call::new(request);
        let waiting = Waiting { slot, entry: None, over: false };
        Self {
            address,
            message: Some(call.into_message()),
            send: None,
            waiting,
            timeout: Some(TIMEOUT),
            site: Site::here(),
        }
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

impl<A: Actor, Q: Request> Future for Ask<'_, A, Q> {
    type Output = Result<Q::Reply, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let address: &Address<A> = this.address;
        if let Some(message) = this.message.take() {
            let slot = &this.waiting.slot;
            let behind = match chain::link(&address.cell().core.who, || Arc::clone(slot) as _) {
                Ok(link) => link,
                Err(path) => {
                    this.waiting.end();
                    return Poll::Ready(Err(AskError::WouldDeadlock(path)));
                }
            };
            this.send.set(Some(address.cell().tx.send(Envelope { message, behind })));
        }
        let mut result = Poll::Pending;
        if let Some(send) = this.send.as_mut().as_pin_mut() {
            match send.poll(cx) {
                Poll::Ready(sent) => {
                    this.send.set(None);
                    if let Err(error) = sent {
                        result = Poll::Ready(Err(refused(address, error.kind())));
                    }
                }
                Poll::Pending => {}
            }
        }
        if result.is_pending() {
            result = this.waiting.slot.poll(cx).map(|outcome| match outcome {
                Outcome::Replied(answer) => Ok(answer),
                Outcome::Expired => {
                    Err(AskError::TimedOut { path: path_of(address), after: this.timeout.unwrap_or_default() })
                }
                Outcome::Unanswered => Err(unanswered(address)),
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
            this.site.polled(result.is_ready(), "ask", || Subject::Other);
        }
        let answer = ready!(result);
        this.send.set(None);
        this.waiting.end();
        Poll::Ready(answer)
    }
}

fn refused<A: Actor>(address: &Address<A>, kind: SendErrorKind) -> AskError {
    match kind {
        SendErrorKind::Closed => unanswered(address),
        kind => AskError::Full { path: path_of(address), kind },
    }
}

fn unanswered<A: Actor>(address: &Address<A>) -> AskError {
    let path = path_of(address);
    match address.exit() {
        Some(exit) => AskError::Terminated { path, exit },
        None => AskError::NoReply { path },
    }
}

fn path_of<A: Actor>(address: &Address<A>) -> Arc<str> {
    address.cell().core.who.shared_path()
}

impl<A: Actor, Q: Request> fmt::Debug for Ask<'_, A, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("of", self.address).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl<A: Actor, Q: Request> Receive for Ask<'_, A, Q> {
    type Output = Result<Q::Reply, AskError>;
    type Case = Polled<Self>;

    fn receive(self) -> Self::Case {
        Polled::new(self)
    }
}
