//! The sending end.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::closed::Closed;
use super::error::{SendError, SendErrorKind, TryReserveError, TrySendError};
use super::permit::{Permit, Reserve};
use super::send::{Send, SendAll, SendCase, SendFrom, SendTimeout, send_case};
use super::state::{CLOSED, Chan};
use super::stream::SendSink;
use super::weak::WeakSender;
use super::{Channel, Receiver, SendTimeoutError};
use crate::ops::Transmit;
use crate::rt;

/// The sending end of a channel. Clones send to the same channel; it closes when the last of them is dropped.
///
/// `tx <- v` in Vela's macros is [`send`](Self::send).
pub struct Sender<T> {
    chan: Arc<Chan<T>>,
}

impl<T> Sender<T> {
    /// The first ends of a new channel.
    #[track_caller]
    pub(super) fn first(chan: Chan<T>) -> (Self, Receiver<T>) {
        let chan = Arc::new(chan);
        chan.tell_made(Location::caller());
        (Self { chan: Arc::clone(&chan) }, Receiver::from_counted(chan))
    }

    /// A sender that has been counted already.
    pub(super) fn from_counted(chan: Arc<Chan<T>>) -> Self {
        Self { chan }
    }

    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        &self.chan
    }

    // ---- sending ----

    /// Sends a value, waiting for room (by the channel's [`Overflow`](super::Overflow) policy); at capacity 0 until a
    /// receiver has it.
    ///
    /// Senders that wait are served first come first served.
    ///
    /// # Errors
    ///
    /// If nobody can receive any more, or the policy gives up. The value comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready drops the value, unsent, and gives up the place in the queue. Where the
    /// value must be kept use [`send_from`](Self::send_from) or [`reserve`](Self::reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(1);
    /// tx.send(1).await.unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2).await.unwrap_err().into_inner(), 2);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn send(&self, value: T) -> Send<'_, T> {
        Send::new(&self.chan, Some(value))
    }

    /// Sends a value if that needs no waiting: there is room, a receiver waits, or the policy drops a value.
    ///
    /// At capacity 0 a [`Stream`](super::RecvStream) that waits is only woken: it never makes `try_send` succeed.
    ///
    /// # Errors
    ///
    /// With the value: full, or closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::{TrySendError, channel};
    ///
    /// let (tx, rx) = channel(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// drop(rx);
    /// assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.chan.try_send(value)
    }

    /// Sends a value, waiting at most `timeout`, whatever the policy.
    ///
    /// # Errors
    ///
    /// With the value: timed out, or closed.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::{SendTimeoutError, channel, time::ms};
    /// # vela_core::block_on(async {
    /// let (tx, _rx) = channel(0);
    /// assert_eq!(tx.send_timeout(1, ms(1)).await, Err(SendTimeoutError::Timeout(1)));
    /// # });
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, value: T, timeout: Duration) -> SendTimeout<'_, T> {
        SendTimeout::new(&self.chan, value, rt::saturating_add(rt::now(), timeout))
    }

    /// Sends from a thread, which sleeps until the value is taken.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// In an async context, always: there use `send(…).await`. In `spawn_blocking` it is fine.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel(0);
    /// let thread = std::thread::spawn(move || tx.send_blocking(7));
    /// assert_eq!(rx.recv_blocking(), Some(7));
    /// thread.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        rt::assert_may_block("send_blocking");
        rt::park_on(self.send(value))
    }

    /// Sends the value in `from`: the option is empty exactly if the value was sent, also after the future was dropped.
    ///
    /// An empty option is success at once.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); the value is in the option.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing but the place in the queue. (A future that is leaked keeps the value.)
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(1);
    /// let mut pending = Some("important");
    /// tx.send_from(&mut pending).await.unwrap();
    /// assert_eq!(pending, None);
    /// # drop(rx);
    /// # });
    /// ```
    #[track_caller]
    pub fn send_from<'a>(&'a self, from: &'a mut Option<T>) -> SendFrom<'a, T> {
        SendFrom::new(&self.chan, from)
    }

    /// Sends all values of `from`, front first; as many at a time as there is room for.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). What was not sent stays in `from`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what was not sent stays in `from`, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(8);
    /// let mut batch = std::collections::VecDeque::from([1, 2, 3]);
    /// tx.send_all(&mut batch).await.unwrap();
    /// assert!(batch.is_empty());
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2, 3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn send_all<'a>(&'a self, from: &'a mut VecDeque<T>) -> SendAll<'a, T> {
        SendAll::new(&self.chan, from)
    }

    /// Waits for a place in the channel, and takes it: sending on the [`Permit`] needs no waiting.
    ///
    /// At capacity 0 it waits until a receiver waits, without claiming it. Under a policy that drops values it is granted
    /// at once, and the policy runs in [`Permit::send`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses only the place in the queue; a place that was granted goes to the next sender.
    ///
    /// # Examples
    ///
    /// See [`Permit::send`].
    #[track_caller]
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(&self.chan)
    }

    /// Takes a place if there is one now.
    ///
    /// # Errors
    ///
    /// Full, or closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel(1);
    /// let permit = tx.try_reserve().unwrap();
    /// assert!(tx.try_reserve().is_err());
    /// permit.send('x').unwrap();
    /// assert_eq!(rx.try_recv(), Ok('x'));
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TryReserveError> {
        self.chan.try_reserve()
    }

    /// As [`reserve`](Self::reserve), but by the channel's [`Overflow`](super::Overflow) policy: it gives up where [`send`](Self::send)
    /// would, and is counted like it. For what wraps a sender, and makes its value once there is room.
    ///
    /// # Errors
    ///
    /// Why a send would fail: closed, full, or timed out.
    ///
    /// # Cancel safety
    ///
    /// As [`reserve`](Self::reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::{Channel, Overflow, SendErrorKind};
    /// # vela_core::block_on(async {
    /// let (tx, rx) = Channel::bounded(1).overflow(Overflow::Reject).build()?;
    /// tx.reserve_by_policy().await.unwrap().send("first").unwrap();
    /// assert_eq!(tx.reserve_by_policy().await.unwrap_err(), SendErrorKind::Full);
    /// # drop(rx);
    /// # Ok::<(), vela_core::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub async fn reserve_by_policy(&self) -> Result<Permit<'_, T>, SendErrorKind> {
        super::permit::reserve_by_policy(&self.chan).await
    }

    /// This sender as a [`Sink`](futures_sink::Sink). One allocation; it is `Unpin`.
    ///
    /// # Cancel safety
    ///
    /// Between `poll_ready` and `start_send` the sink holds a place in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::SinkExt;
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(4);
    /// let mut sink = tx.sink();
    /// sink.send(5).await.unwrap();
    /// assert_eq!(rx.recv().await, Some(5));
    /// # });
    /// ```
    #[track_caller]
    pub fn sink(&self) -> SendSink<T> {
        SendSink::new(self.clone())
    }

    // ---- the end ----

    /// Closes the channel, for all its ends: sends fail from now on, receivers get what is buffered and then `None`.
    /// Says whether it was open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel(1);
    /// tx.try_send(1).unwrap();
    /// assert!(tx.close());
    /// assert!(!tx.close());
    /// assert_eq!(rx.recv_blocking(), Some(1));
    /// assert_eq!(rx.recv_blocking(), None);
    /// ```
    pub fn close(&self) -> bool {
        self.chan.close()
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.chan.word() & CLOSED != 0
    }

    /// Waits until the channel is closed: nobody can receive any more. Also a source: `<-tx.closed()`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel::<u8>(1);
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.chan)
    }

    // ---- looking ----

    super::sender::look_methods!();

    /// A handle that does not keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel::<u8>(1);
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(weak.upgrade().is_none() && rx.is_closed());
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(&self.chan)
    }

    /// Whether both ends belong to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chan, &other.chan)
    }

    /// [`Transmit::transmit`], found before the trait's method, so that the value is coerced to `T`.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __vela_transmit(&self, value: T) -> SendCase<&Chan<T>> {
        self.transmit(value)
    }

    /// `tx <- value` on its own: follows the overflow policy, and coerces the value.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn __vela_send(&self, value: T) -> Send<'_, T> {
        self.send(value)
    }
}

/// The looks that both ends offer.
macro_rules! look_methods {
    () => {
        /// How many values are in the channel. It may exceed the capacity while values come back from receivers that
        /// were dropped; permits do not count.
        pub fn len(&self) -> usize {
            self.chan.look(|state| state.len())
        }

        /// Whether no value is in the channel.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Whether a send would have to wait for room (always, at capacity 0).
        pub fn is_full(&self) -> bool {
            !self.chan.look(|state| state.has_room())
        }

        /// How many values the channel buffers; `None` if it is unbounded.
        pub fn capacity(&self) -> Option<usize> {
            let capacity = self.chan.look(|state| state.capacity());
            (capacity != usize::MAX).then_some(capacity)
        }

        /// How many senders there are.
        pub fn sender_count(&self) -> usize {
            self.chan.senders.count()
        }

        /// How many receivers there are.
        pub fn receiver_count(&self) -> usize {
            self.chan.receivers.count()
        }

        /// What `send` does when the channel is full.
        pub fn overflow(&self) -> super::Overflow {
            self.chan.look(|state| state.overflow())
        }

        /// How many values the [`Overflow`](super::Overflow) policy has dropped.
        pub fn dropped(&self) -> u64 {
            self.chan.look(|state| state.dropped())
        }

        /// What is counted on the channel; `None` if it has no name, or [wants no monitor](super::ChannelBuilder::monitored).
        pub fn monitor(&self) -> Option<crate::monitor::ChannelMonitor> {
            self.chan.monitor()
        }

        /// The name given by [`ChannelBuilder::name`](super::ChannelBuilder::name).
        pub fn name(&self) -> Option<String> {
            self.chan.look(|state| state.name().map(str::to_owned))
        }
    };
}
pub(super) use look_methods;

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.chan.senders.add();
        self.chan.tell_ends();
        Self { chan: Arc::clone(&self.chan) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.chan.senders.remove() {
            self.close();
        }
        self.chan.tell_ends();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.chan).finish()
    }
}

impl<'a, T> Transmit<T> for &'a Sender<T> {
    type Output = Result<(), SendError<T>>;
    type Case = SendCase<&'a Chan<T>>;

    #[inline]
    #[track_caller]
    fn transmit(self, value: T) -> Self::Case {
        send_case(&*self.chan, Some(value))
    }
}

impl<'a, T> Transmit<T> for &'a Channel<T> {
    type Output = Result<(), SendError<T>>;
    type Case = SendCase<&'a Chan<T>>;

    #[track_caller]
    fn transmit(self, value: T) -> Self::Case {
        self.sender().transmit(value)
    }
}

impl<T> From<TrySendError<T>> for SendError<T> {
    fn from(error: TrySendError<T>) -> Self {
        let kind = if error.is_closed() { SendErrorKind::Closed } else { SendErrorKind::Full };
        Self::new(kind, error.into_inner())
    }
}

impl<T> From<SendTimeoutError<T>> for SendError<T> {
    fn from(error: SendTimeoutError<T>) -> Self {
        let kind = if error.is_closed() { SendErrorKind::Closed } else { SendErrorKind::TimedOut };
        Self::new(kind, error.into_inner())
    }
}
