//! What comes to an actor besides its mail: timers, attached sources, actors that it watches; and what it put aside.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::SelectAll;
use futures_util::{FutureExt, StreamExt};
use vela_core::time::Instant;

use crate::actor::Actor;
use crate::exit::{Exit, Failure};
use crate::identity::ActorId;
use crate::mailbox::Envelope;
use crate::message::MessageFor;
use crate::waiting::Alarm;

/// An actor that was [watched](crate::ActorContext::watch) has ended for good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Terminated {
    /// Its number.
    pub id: ActorId,
    /// Its path.
    pub path: Arc<str>,
    /// How it ended.
    pub exit: Exit,
}

/// What is no message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// An actor that is watched has ended.
    Terminated(Terminated),
    /// An attached source has dropped so many values, because this actor was too slow for it.
    Lagged(u64),
}

/// What a source gives.
pub(crate) enum Item<M> {
    Message(M),
    Notice(Notice),
}

impl<M> Item<M> {
    /// What a source gives to the actor; an `Err` is the number of values that were dropped.
    pub(crate) fn of<A: Actor<Message = M>, T: MessageFor<A>>(event: Result<T, u64>) -> Self {
        match event {
            Ok(message) => Self::Message(message.into_message()),
            Err(missed) => Self::Notice(Notice::Lagged(missed)),
        }
    }
}

type Watch = Pin<Box<dyn Stream<Item = Terminated> + Send>>;

type Source<M> = Pin<Box<dyn Stream<Item = Item<M>> + Send>>;

/// What belongs to an incarnation and ends with it.
pub(crate) struct Lanes<A: Actor> {
    timers: Timers<A::Message>,
    watches: SelectAll<Watch>,
    sources: SelectAll<Source<A::Message>>,
    /// Given by a source and not taken yet.
    notices: VecDeque<Notice>,
    /// The ends that were seen and wait for the mail before them: how much is to be received before each.
    ends: VecDeque<(u64, Terminated)>,
    /// How much mail was received while there were such.
    received: u64,
    /// Of who waits for a notice, if a combinator in the task polls it with a waker of its own.
    noticer: Option<Waker>,
}

impl<A: Actor> Default for Lanes<A> {
    fn default() -> Self {
        Self {
            timers: Timers::default(),
            watches: SelectAll::new(),
            sources: SelectAll::new(),
            notices: VecDeque::new(),
            ends: VecDeque::new(),
            received: 0,
            noticer: None,
        }
    }
}

impl<A: Actor> Lanes<A> {
    pub(crate) fn timer(&mut self, first: Duration, every: Option<Duration>, make: Make<A::Message>) -> TimerKey {
        self.timers.add(first, every, make)
    }

    pub(crate) fn attach(&mut self, source: impl Stream<Item = Item<A::Message>> + Send + 'static) {
        self.sources.push(Box::pin(source));
    }

    pub(crate) fn watch(&mut self, end: impl Future<Output = Terminated> + Send + 'static) {
        self.watches.push(Box::pin(end.into_stream()));
        self.wake_noticer();
    }

    /// For who receives no mail meanwhile: the next notice, whatever mail there is.
    pub(crate) fn poll_notice_alone(&mut self, cx: &mut Context<'_>) -> Poll<Notice> {
        if let Some(notice) = self.notices.pop_front() {
            return Poll::Ready(notice);
        }
        if let Some(end) = self.take_end() {
            return Poll::Ready(end);
        }
        match self.watches.poll_next_unpin(cx) {
            Poll::Ready(Some(terminated)) => Poll::Ready(Notice::Terminated(terminated)),
            _ => Poll::Pending,
        }
    }

    /// The next notice. That of an end comes after the mail that there is when it is seen, `mail` messages: the last ones of who has
    /// ended are among them. Mail that comes later does not hold it up.
    pub(crate) fn poll_notice(&mut self, cx: &mut Context<'_>, mail: impl Fn() -> usize) -> Poll<Notice> {
        if let Some(notice) = self.notices.pop_front() {
            return Poll::Ready(notice);
        }
        while let Poll::Ready(Some(terminated)) = self.watches.poll_next_unpin(cx) {
            // And one that the inbox may have been given already.
            let before = mail() as u64 + 1;
            self.ends.push_back((self.received + before, terminated));
        }
        match self.ends.front() {
            Some((before, _)) if *before <= self.received => self.take_end().map_or(Poll::Pending, Poll::Ready),
            _ => Poll::Pending,
        }
    }

    /// Whether an end waits for mail.
    pub(crate) fn ends_wait(&self) -> bool {
        !self.ends.is_empty()
    }

    /// A message was received that may be one of those that an end waits for.
    pub(crate) fn count_mail(&mut self) {
        self.received += 1;
    }

    /// The end that waits, once there is no mail.
    pub(crate) fn take_end(&mut self) -> Option<Notice> {
        self.ends.pop_front().map(|(_, terminated)| Notice::Terminated(terminated))
    }

    pub(crate) fn set_noticer(&mut self, waker: &Waker) {
        self.noticer.get_or_insert_with(|| waker.clone()).clone_from(waker);
    }

    fn wake_noticer(&mut self) {
        if let Some(noticer) = self.noticer.take() {
            noticer.wake();
        }
    }

    /// A timer's message, and whether the timer goes on.
    pub(crate) fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<(A::Message, bool)> {
        self.timers.poll(cx)
    }

    /// For [`poll_notice`](Self::poll_notice). Gaps are added up: a loop that never asks for them gathers nothing.
    fn keep(&mut self, notice: Notice) {
        match (self.notices.back_mut(), notice) {
            (Some(Notice::Lagged(before)), Notice::Lagged(missed)) => *before += missed,
            (_, notice) => self.notices.push_back(notice),
        }
    }

    /// What a source gives. Without `notices` these are kept for [`poll_notice`](Self::poll_notice), and only messages are given.
    pub(crate) fn poll_source(&mut self, cx: &mut Context<'_>, notices: bool) -> Poll<Item<A::Message>> {
        loop {
            match self.sources.poll_next_unpin(cx) {
                Poll::Ready(Some(Item::Notice(notice))) if !notices => {
                    self.keep(notice);
                    // Who waits for notices may have looked already.
                    self.wake_noticer();
                    cx.waker().wake_by_ref();
                }
                // A notice at once: it comes before the value behind the gap.
                Poll::Ready(Some(item)) => return Poll::Ready(item),
                // No source is left.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// Put aside by an actor, and kept over its restarts.
pub(crate) struct Kept<A: Actor> {
    pub(crate) stash: VecDeque<Envelope<A::Message>>,
    /// Given before the mail.
    pub(crate) returned: VecDeque<Envelope<A::Message>>,
    /// Of the incarnation before.
    pub(crate) failure: Option<Failure>,
}

impl<A: Actor> Default for Kept<A> {
    fn default() -> Self {
        Self { stash: VecDeque::new(), returned: VecDeque::new(), failure: None }
    }
}

pub(crate) type Make<M> = Box<dyn FnMut() -> M + Send>;

struct Timer<M> {
    /// `None`: once.
    every: Option<Duration>,
    make: Make<M>,
    cancelled: Arc<AtomicBool>,
}

/// So few timers are not looked through.
const FEW: usize = 32;

struct Timers<M> {
    /// By time; those of one moment in the order in which they were set.
    queue: BTreeMap<(Instant, u64), Timer<M>>,
    set: u64,
    /// With so many, those that were cancelled are taken out.
    prune_at: usize,
    alarm: Alarm,
}

impl<M> Default for Timers<M> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), set: 0, prune_at: FEW, alarm: Alarm::default() }
    }
}

impl<M> Timers<M> {
    fn add(&mut self, first: Duration, every: Option<Duration>, make: Make<M>) -> TimerKey {
        let cancelled = Arc::new(AtomicBool::new(false));
        self.insert(Instant::now() + first, Timer { every, make, cancelled: Arc::clone(&cancelled) });
        TimerKey { cancelled }
    }

    fn insert(&mut self, at: Instant, timer: Timer<M>) {
        if self.queue.len() >= self.prune_at {
            // Who sets a timer for each message and cancels it would gather them.
            self.queue.retain(|_, timer| !timer.cancelled.load(Relaxed));
            self.prune_at = (2 * self.queue.len()).max(FEW);
        }
        self.set += 1;
        self.queue.insert((at, self.set), timer);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(M, bool)> {
        loop {
            let first = self.queue.first_key_value();
            if first.is_some_and(|(_, timer)| timer.cancelled.load(Relaxed)) {
                self.queue.pop_first();
                continue;
            }
            let at = first.map(|((at, _), _)| *at);
            ready!(self.alarm.poll(at, cx));
            let Some(((at, _), mut timer)) = self.queue.pop_first() else { return Poll::Pending };
            let message = (timer.make)();
            let repeats = timer.every.is_some();
            if let Some(every) = timer.every {
                // From the moment it was due, so that it does not drift; what was missed is left out.
                let now = Instant::now();
                let next = at + every;
                self.insert(if next > now { next } else { now + every }, timer);
            }
            return Poll::Ready((message, repeats));
        }
    }
}

/// A timer of an actor, to cancel it. Dropping the key does not.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, TimerKey, spawn};
/// use vela::time::ms;
///
/// struct Countdown(u32, Option<TimerKey>);
///
/// impl Actor for Countdown {
///     type Message = ();
///     type Error = std::convert::Infallible;
///
///     async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         self.1 = Some(cx.every(ms(1), || ()));
///         Ok(())
///     }
///
///     async fn handle(&mut self, (): (), cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         self.0 -= 1;
///         if self.0 == 0 {
///             self.1.take().map(TimerKey::cancel);
///             cx.stop();
///         }
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// assert!(spawn(Countdown(3, None)).terminated().await.is_normal());
/// # });
/// ```
#[derive(Debug)]
pub struct TimerKey {
    /// Relaxed: only the actor's task looks, and who sees it later handles one message more.
    cancelled: Arc<AtomicBool>,
}

impl TimerKey {
    /// It gives no message any more.
    pub fn cancel(self) {
        self.cancelled.store(true, Relaxed);
    }
}

impl<A: Actor> fmt::Debug for Lanes<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("timers", &self.timers.queue.len()).finish_non_exhaustive()
    }
}
