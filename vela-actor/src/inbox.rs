//! What an actor receives from: all its lanes, in their order.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use vela_core::__private::{charge, poll_has_budget};
use vela_core::Recv;
use vela_core::ops::Receive;
use vela_core::select::Polled;

use crate::actor::Actor;
use crate::cell::Cell;
use crate::chain;
use crate::lanes::{Item, Lanes, Notice};
use crate::mailbox::Envelope;
use crate::signals::{DRAIN, STOP};

/// The messages of an actor, in [`Actor::run`]: `<-inbox` gives the next, and `None` once the actor has been told to stop.
///
/// The order: timers that are due (after a repeated one it is the others' turn), then what was
/// [returned from the stash](crate::ActorContext::unstash_all), then mail and attached sources, in turns. Mail of one sender keeps its
/// order. In the usual loop notices come between: what a source has dropped at once, the end of an actor that is
/// [watched](crate::ActorContext::watch) after the mail that is there when it is seen.
///
/// # Examples
///
/// ```
/// use vela::actor::{Actor, ActorContext, Inbox, spawn};
/// use vela::time::{Ticker, ms, tick};
///
/// struct Sampler {
///     ticker: Ticker,
///     samples: u32,
/// }
///
/// impl Actor for Sampler {
///     type Message = u32;
///     type Error = std::convert::Infallible;
///
///     async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         // with Vela's macros it waits for both at once: see `Actor::run`
///         while let Some(n) = inbox.recv().await {
///             cx.handle(self, n).await?;
///             self.ticker.recv().await;
///         }
///         Ok(())
///     }
///
///     async fn handle(&mut self, n: u32, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
///         self.samples += n;
///         if self.samples > 2 {
///             cx.stop();
///         }
///         Ok(())
///     }
/// }
///
/// # vela::block_on(async {
/// let sampler = spawn(Sampler { ticker: tick(ms(1)), samples: 0 });
/// sampler.send(1_u32).await.unwrap();
/// sampler.send(2_u32).await.unwrap();
/// assert!(sampler.terminated().await.is_normal());
/// # });
/// ```
pub struct Inbox<A: Actor> {
    cell: Arc<Cell<A>>,
}

/// What the inbox gives to the loop of an actor.
pub(crate) enum Next<M> {
    Mail(Envelope<M>),
    Notice(Notice),
}

/// Whether what is no message is wanted, too. A type, because a flag takes a word in each actor.
pub(crate) trait Wanted {
    const NOTICES: bool;

    /// Other code than that of the mailbox is about to run, or none.
    fn look_around() {}
}

/// Wanted by the usual loop. The message before counts as handled only when there is none to follow it at once.
pub(crate) enum Anything {}

impl Wanted for Anything {
    const NOTICES: bool = true;

    fn look_around() {
        chain::end();
    }
}

pub(crate) enum Messages {}

impl Wanted for Messages {
    const NOTICES: bool = false;
}

impl<A: Actor> Inbox<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Self { cell }
    }

    /// Waits for the next message: `None` once the actor has been told to stop, whatever mail is left.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    #[track_caller]
    pub fn recv(&self) -> InboxRecv<'_, A> {
        InboxRecv { next: self.next_of() }
    }

    /// Waits for what is no message: an actor that is watched has ended, or an attached source has dropped values. The usual
    /// loop gives these to [`Actor::on_terminated`] and [`Actor::on_lagged`]. Notices of sources come only while messages are received.
    ///
    /// The end of an actor comes at once, whatever mail waits. Its last messages may be among that: a `run` of one's own that must
    /// have handled them before it heeds the end handles [`len`](Self::len) messages more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn notice(&self) -> Notice {
        std::future::poll_fn(|cx| {
            let cell = &self.cell;
            if cell.has_lanes.load(Relaxed)
                && let Poll::Ready(notice) = cell.with_lanes(|lanes| lanes.poll_notice_alone(cx))
            {
                return Poll::Ready(notice);
            }
            cell.listens.store(true, Relaxed);
            if !chain::is_task(cx.waker()) {
                cell.with_lanes(|lanes| lanes.set_noticer(cx.waker()));
            }
            Poll::Pending
        })
        .await
    }

    /// How many messages wait in the mailbox.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.mail.len()
    }

    /// Whether none waits in the mailbox.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cell.mail.is_empty()
    }

    #[track_caller]
    pub(crate) fn next(&self) -> NextOf<'_, A, Anything> {
        self.next_of()
    }

    #[track_caller]
    fn next_of<W: Wanted>(&self) -> NextOf<'_, A, W> {
        NextOf { inbox: self, wanted: PhantomData, mail: self.cell.mail.recv() }
    }

    /// There is nothing now.
    fn wait<W: Wanted>(&self, cx: &Context<'_>) -> Poll<Option<Next<A::Message>>> {
        W::look_around();
        self.register(cx);
        if !W::NOTICES {
            // In the usual loop nothing is added while it waits.
            self.cell.listens.store(true, Relaxed);
        }
        // L1.
        let signals = &self.cell.core.signals;
        // The task's budget may have hidden mail that is there.
        let ends = signals.has(STOP) || signals.has(DRAIN) && self.cell.mail.is_empty();
        if ends { Poll::Ready(None) } else { Poll::Pending }
    }

    /// Has who polls the inbox woken by a signal: the task is, anyway.
    fn register(&self, cx: &Context<'_>) {
        if !chain::is_task(cx.waker()) {
            self.cell.core.register_inbox(cx.waker());
        }
    }

    /// The lanes before the mail.
    fn poll_lanes(&self, cx: &mut Context<'_>, timers: bool) -> Poll<Next<A::Message>> {
        let cell = &self.cell;
        if timers && let Poll::Ready(next) = self.poll_timers(cx) {
            return Poll::Ready(next);
        }
        if cell.has_returned.load(Relaxed)
            && let Some(envelope) = cell.with_kept(|kept| kept.returned.pop_front())
        {
            cell.mail_first.store(false, Relaxed);
            return Poll::Ready(Next::Mail(envelope));
        }
        Poll::Pending
    }

    fn poll_timers(&self, cx: &mut Context<'_>) -> Poll<Next<A::Message>> {
        if !self.cell.has_lanes.load(Relaxed) {
            return Poll::Pending;
        }
        self.cell.with_lanes(|lanes| lanes.poll_timer(cx)).map(|(message, repeats)| {
            self.cell.mail_first.store(repeats, Relaxed);
            Next::Mail(Envelope::new(message))
        })
    }

    fn poll_sources(&self, cx: &mut Context<'_>, notices: bool) -> Poll<Next<A::Message>> {
        if !self.cell.has_lanes.load(Relaxed) {
            return Poll::Pending;
        }
        self.cell.with_lanes(|lanes| lanes.poll_source(cx, notices)).map(|item| match item {
            Item::Message(message) => {
                self.cell.sources_first.store(false, Relaxed);
                self.cell.mail_first.store(false, Relaxed);
                Next::Mail(Envelope::new(message))
            }
            Item::Notice(notice) => Next::Notice(notice),
        })
    }
}

impl<A: Actor> fmt::Debug for Inbox<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("of", &self.cell.core.who).field("len", &self.len()).finish()
    }
}

pin_project! {
    pub(crate) struct NextOf<'a, A: Actor, W: Wanted> {
        inbox: &'a Inbox<A>,
        wanted: PhantomData<W>,
        #[pin]
        mail: Recv<'a, Envelope<A::Message>>,
    }
}

impl<A: Actor, W: Wanted> Future for NextOf<'_, A, W> {
    type Output = Option<Next<A::Message>>;

    /// What there is mostly, mail and nothing else, is inlined, so that it is not moved about.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inbox = self.inbox;
        let cell = &inbox.cell;
        if cell.core.signals.has(STOP) {
            return Poll::Ready(None);
        }
        if cell.has_lanes.load(Relaxed) || cell.has_returned.load(Relaxed) {
            return self.poll_all(cx);
        }
        match self.project().mail.poll(cx) {
            Poll::Ready(mail) => {
                cell.sources_first.store(true, Relaxed);
                cell.mail_first.store(false, Relaxed);
                Poll::Ready(mail.map(Next::Mail))
            }
            Poll::Pending => inbox.wait::<W>(cx),
        }
    }
}

impl<A: Actor, W: Wanted> NextOf<'_, A, W> {
    #[inline(never)]
    fn poll_all(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Next<A::Message>>> {
        let this = self.project();
        let inbox = *this.inbox;
        let cell = &inbox.cell;
        W::look_around();
        // What comes from elsewhere than the mailbox counts, too.
        ready!(poll_has_budget(cx));
        let mut ends_wait = false;
        if W::NOTICES && cell.has_lanes.load(Relaxed) {
            let notice = cell.with_lanes(|lanes| {
                let notice = lanes.poll_notice(cx, || cell.mail.len());
                ends_wait = lanes.ends_wait();
                notice
            });
            if let Poll::Ready(notice) = notice {
                charge(cx);
                return Poll::Ready(Some(Next::Notice(notice)));
            }
        }
        let timers_first = !cell.mail_first.load(Relaxed);
        let mut next = inbox.poll_lanes(cx, timers_first);
        if next.is_pending() && cell.sources_first.load(Relaxed) {
            next = inbox.poll_sources(cx, W::NOTICES);
        }
        if next.is_pending() {
            if let Poll::Ready(mail) = this.mail.poll(cx) {
                cell.sources_first.store(true, Relaxed);
                cell.mail_first.store(false, Relaxed);
                if ends_wait {
                    cell.with_lanes(Lanes::count_mail);
                }
                return Poll::Ready(mail.map(Next::Mail));
            }
            if ends_wait && let Some(end) = cell.with_lanes(Lanes::take_end) {
                next = Poll::Ready(Next::Notice(end));
            }
        }
        if next.is_pending() {
            next = inbox.poll_sources(cx, W::NOTICES);
        }
        if next.is_pending() && !timers_first {
            next = inbox.poll_timers(cx);
        }
        if let Poll::Ready(next) = next {
            charge(cx);
            return Poll::Ready(Some(next));
        }
        inbox.wait::<W>(cx)
    }
}

pin_project! {
    /// The future of [`Inbox::recv`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct InboxRecv<'a, A: Actor> {
        #[pin]
        next: NextOf<'a, A, Messages>,
    }
}

impl<A: Actor> Future for InboxRecv<'_, A> {
    type Output = Option<A::Message>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().next.poll(cx).map(|next| match next? {
            Next::Mail(envelope) => {
                chain::receive(envelope.behind);
                Some(envelope.message)
            }
            Next::Notice(_) => unreachable!("no notice was asked for"),
        })
    }
}

impl<A: Actor> fmt::Debug for InboxRecv<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxRecv").finish_non_exhaustive()
    }
}

impl<'a, A: Actor> Receive for &'a Inbox<A> {
    type Output = Option<A::Message>;
    type Case = Polled<InboxRecv<'a, A>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        Polled::new(self.recv())
    }
}

impl<'a, A: Actor> IntoFuture for &'a Inbox<A> {
    type Output = Option<A::Message>;
    type IntoFuture = InboxRecv<'a, A>;

    #[track_caller]
    fn into_future(self) -> InboxRecv<'a, A> {
        self.recv()
    }
}
