//! A value with its reply channel: request and response over a channel.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use super::until::unless;
use crate::chan::{SendError, Sender};
use crate::oneshot;
use crate::ops::{Named, Receive, Transmit};
use crate::rt;
use crate::select::Polled;
use crate::time::{Instant, timeout_at};

/// A question, and where its answer goes. Made by [`request`]; the server takes it apart.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::{Request, request};
///
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel::<Request<u32, u32>>(8);
/// vela::task::spawn(async move {
///     while let Some(Request { query, reply }) = rx.recv().await {
///         reply.send(query * query).ok();               // `reply <- query * query` inside `vela!`
///     }
/// });
/// assert_eq!(request(&tx, 7).await.ok(), Some(49));     // `<-request(&tx, 7)` inside `vela!`
/// # });
/// ```
pub struct Request<Q, R> {
    /// What is asked.
    pub query: Q,
    /// Where the answer goes.
    pub reply: Reply<R>,
}

impl<Q, R> fmt::Debug for Request<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("reply", &self.reply).finish_non_exhaustive()
    }
}

/// Where the answer to a request goes. Dropping it tells the caller that there will be none.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::{Reply, call};
///
/// /// A command channel: one variant for each command, with its own kind of answer.
/// enum Command {
///     Add(u32),
///     Sum(Reply<u32>),
/// }
///
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel(8);
/// vela::task::spawn(async move {
///     let mut sum = 0;
///     while let Some(command) = rx.recv().await {
///         match command {
///             Command::Add(n) => sum += n,
///             Command::Sum(reply) => drop(reply.send(sum)),
///         }
///     }
/// });
/// tx.send(Command::Add(40)).await?;
/// tx.send(Command::Add(2)).await?;
/// assert_eq!(call(&tx, Command::Sum).await?, 42);
/// # Ok::<(), vela::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a reply tells the caller that there will be none"]
pub struct Reply<R> {
    sender: oneshot::Sender<R>,
}

impl<R> Reply<R> {
    /// Answers; never waits.
    ///
    /// # Errors
    ///
    /// The caller has gone, by a timeout or because it was cancelled. The answer comes back.
    pub fn send(self, answer: R) -> Result<(), oneshot::SendError<R>> {
        self.sender.send(answer)
    }

    /// Whether the caller has gone, so that nobody wants the answer.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits until the caller has gone. Also a source: `<-reply.closed()`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn closed(&mut self) -> Named<impl Future<Output = ()> + '_> {
        rt::operation("closed", self.sender.closed())
    }

    /// Answers with the output of `work`, which is dropped as soon as the caller has gone. Whether the answer was taken.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `work`, and the caller learns that there will be no answer.
    pub async fn answer(mut self, work: impl Future<Output = R>) -> bool {
        match unless(self.closed(), work).await {
            Some(answer) => self.send(answer).is_ok(),
            None => false,
        }
    }
}

/// Ready at once; the reply is used up, whether or not the caller is still there.
impl<R> Transmit<R> for Reply<R> {
    type Output = Result<(), oneshot::SendError<R>>;
    type Case = Polled<oneshot::Send<R>>;

    fn transmit(self, answer: R) -> Self::Case {
        self.sender.transmit(answer)
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("closed", &self.is_closed()).finish()
    }
}

/// Asks the server behind `tx`: sends the query, by the channel's own rules for a full channel, and waits for the answer.
///
/// See [`Request`] for an example, and [`call`] for requests of your own type.
#[track_caller]
pub fn request<Q, R>(tx: &Sender<Request<Q, R>>, query: Q) -> Call<'_, Request<Q, R>, R> {
    call(tx, |reply| Request { query, reply })
}

/// As [`request`], for messages of any type that have a [`Reply`] in them, such as the variants of an enum of commands:
/// `call(&tx, |reply| Command::Get { key, reply })`. See [`Reply`] for an example.
///
/// The message is made now, and sent when the call is awaited.
#[track_caller]
pub fn call<M, R>(tx: &Sender<M>, message: impl FnOnce(Reply<R>) -> M) -> Call<'_, M, R> {
    let (sender, answer) = oneshot::channel();
    Call { tx, message: message(Reply { sender }), answer, deadline: None }
}

/// A request that is about to be made: `call.await`, `<-call`, or an arm of `select!`.
///
/// # Errors
///
/// [`RequestError`].
///
/// # Cancel safety
///
/// Dropping it before the request was sent drops the request, unsent. After that the server sees that the caller has gone
/// ([`Reply::is_closed`]).
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::{Request, RequestError, request};
/// use vela::time::ms;
///
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel::<Request<&str, ()>>(1);
/// let late = request(&tx, "anybody there?").timeout(ms(1)).await;
/// assert!(matches!(late, Err(RequestError::TimedOut(None))));       // it was sent, and never answered
/// assert!(rx.try_recv()?.reply.is_closed());
/// # Ok::<(), vela::TryRecvError>(())
/// # }).unwrap();
/// ```
#[must_use = "nothing is sent until it is awaited or received from"]
pub struct Call<'a, M, R> {
    tx: &'a Sender<M>,
    message: M,
    answer: oneshot::Receiver<R>,
    deadline: Option<Instant>,
}

/// The future of a [`Call`].
pub type Calling<'a, M, R> = Named<Pin<Box<dyn Future<Output = Result<R, RequestError<M>>> + Send + 'a>>>;

impl<M, R> Call<'_, M, R> {
    /// Gives up after `limit`, counted from now, whether the request waits for room or for its answer.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = Some(Instant::now() + limit);
        self
    }

    async fn run(self) -> Result<R, RequestError<M>> {
        let Self { tx, message, answer, deadline } = self;
        let mut message = Some(message);
        let sent = within(deadline, tx.send_from(&mut message)).await;
        match (sent, message) {
            (Some(Ok(())), _) => {}
            (None, message) => return Err(RequestError::TimedOut(message)),
            (Some(Err(error)), Some(message)) => {
                return Err(RequestError::Unsent(SendError::new(error.kind(), message)));
            }
            (Some(Err(_)), None) => unreachable!("a send that fails puts the value back"),
        }
        match within(deadline, answer.recv()).await {
            Some(answer) => answer.ok_or(RequestError::NoReply),
            None => Err(RequestError::TimedOut(None)),
        }
    }
}

/// `None`: the deadline has passed.
async fn within<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}

impl<'a, M: Send + 'a, R: Send + 'a> IntoFuture for Call<'a, M, R> {
    type Output = Result<R, RequestError<M>>;
    type IntoFuture = Calling<'a, M, R>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        rt::operation("request", Box::pin(self.run()))
    }
}

impl<'a, M: Send + 'a, R: Send + 'a> Receive for Call<'a, M, R> {
    type Output = Result<R, RequestError<M>>;
    type Case = Polled<Calling<'a, M, R>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.into_future())
    }
}

impl<M, R> fmt::Debug for Call<'_, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// Why a request has no answer.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::flow::{Request, request};
///
/// # vela::block_on(async {
/// let (tx, rx) = vela::channel::<Request<&str, ()>>(1);
/// drop(rx);
/// let error = request(&tx, "hello").await.unwrap_err();
/// assert_eq!(error.into_unsent().map(|request| request.query), Some("hello"));
/// # });
/// ```
#[non_exhaustive]
pub enum RequestError<M> {
    /// It could not be sent: nobody receives requests, or the channel is full and its policy is not to wait. It is inside.
    Unsent(SendError<M>),
    /// It was sent, and dropped without an answer: by a server that does not want to, has panicked, or has ended.
    NoReply,
    /// There was no answer in time. The request is inside if it was not sent; otherwise the server has it.
    TimedOut(Option<M>),
}

impl<M> RequestError<M> {
    /// The request, if it was not sent.
    pub fn into_unsent(self) -> Option<M> {
        match self {
            Self::Unsent(error) => Some(error.into_inner()),
            Self::TimedOut(unsent) => unsent,
            Self::NoReply => None,
        }
    }
}

impl<M> fmt::Debug for RequestError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(error) => f.debug_tuple("Unsent").field(error).finish(),
            Self::NoReply => f.write_str("NoReply"),
            Self::TimedOut(Some(_)) => f.write_str("TimedOut(Some(..))"),
            Self::TimedOut(None) => f.write_str("TimedOut(None)"),
        }
    }
}

impl<M> fmt::Display for RequestError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(error) => write!(f, "the request could not be sent: {error}"),
            Self::NoReply => f.write_str("the request was dropped without an answer"),
            Self::TimedOut(Some(_)) => f.write_str("the request could not be sent in time"),
            Self::TimedOut(None) => f.write_str("the request was not answered in time"),
        }
    }
}

impl<M> std::error::Error for RequestError<M> {}
