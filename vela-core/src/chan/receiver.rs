//! The receiving end.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Duration;

use super::Channel;
use super::case::peek;
use super::closed::Closed;
use super::error::TryRecvError;
use super::recv::{Recv, RecvCase, RecvMany, RecvTimeout, recv_case, take_many};
use super::state::{CLOSED, Chan, Pop, RECEIVE};
use super::stream::RecvStream;
use super::weak::WeakReceiver;
use crate::ops::Receive;
use crate::rt;
use crate::select::{Peek, TryReceive};

/// The receiving end of a channel. Clones receive from the same channel, each value goes to one of them; it closes when
/// the last of them is dropped, and what is buffered then is dropped.
///
/// `<-rx` in Vela's macros is [`recv`](Self::recv).
pub struct Receiver<T> {
    chan: Arc<Chan<T>>,
}

impl<T> Receiver<T> {
    /// A receiver that has been counted already.
    pub(super) fn from_counted(chan: Arc<Chan<T>>) -> Self {
        Self { chan }
    }

    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        &self.chan
    }

    // ---- receiving ----

    /// Receives a value, waiting for one. `None`: the channel is closed, and what was buffered has been received.
    ///
    /// Receivers that wait are served first come first served.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready loses only the place in the queue. A value that was handed to it already
    /// goes to the next receiver, or regains its place in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(1);
    /// tx.send(1).await.unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv::new(&self.chan)
    }

    /// Receives a value if that needs no waiting; at capacity 0 if a sender waits.
    ///
    /// # Errors
    ///
    /// Empty, or closed and drained.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::{TryRecvError, channel};
    ///
    /// let (tx, rx) = channel(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.chan.try_recv()
    }

    /// Receives a value, waiting at most `timeout`.
    ///
    /// # Errors
    ///
    /// Timed out, or closed and drained.
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv). A timeout loses nothing either.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::{RecvTimeoutError, channel, time::ms};
    /// # vela_core::block_on(async {
    /// let (_tx, rx) = channel::<u8>(1);
    /// assert_eq!(rx.recv_timeout(ms(1)).await, Err(RecvTimeoutError::Timeout));
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> RecvTimeout<'_, T> {
        RecvTimeout::new(&self.chan, rt::saturating_add(rt::now(), timeout))
    }

    /// Receives on a thread, which sleeps until there is a value.
    ///
    /// # Panics
    ///
    /// In an async context, always: there use `recv().await`. In `spawn_blocking` it is fine.
    ///
    /// # Examples
    ///
    /// See [`Sender::send_blocking`](super::Sender::send_blocking).
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T> {
        rt::assert_may_block("recv_blocking");
        rt::park_on(self.recv())
    }

    /// Waits for a value, and receives it and whatever else is there, at most `max` values, into `into`. Gives how many:
    /// 0 if the channel is closed and drained, or `max` is 0.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready loses nothing: `into` is filled only when it is.
    ///
    /// # Examples
    ///
    /// ```
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(8);
    /// for n in 0..5 {
    ///     tx.send(n).await.unwrap();
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(rx.recv_many(&mut batch, 3).await, 3);
    /// assert_eq!(batch, [0, 1, 2]);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_many<'a>(&'a self, into: &'a mut Vec<T>, max: usize) -> RecvMany<'a, T> {
        RecvMany::new(&self.chan, into, max)
    }

    /// Receives up to `max` values that are there now into `into`, without waiting. Gives how many.
    pub fn try_recv_many(&self, into: &mut Vec<T>, max: usize) -> usize {
        take_many(&self.chan, into, max)
    }

    /// The values that are there now, one after the other: it ends when the channel is empty. Values that it has not
    /// given yet stay in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel(4);
    /// tx.try_send(1).unwrap();
    /// tx.try_send(2).unwrap();
    /// assert_eq!(rx.drain().next(), Some(1));
    /// assert_eq!(rx.len(), 1);
    /// ```
    pub fn drain(&self) -> Drain<'_, T> {
        Drain { receiver: self }
    }

    /// This receiver as a [`Stream`](futures_core::Stream). One allocation; it is `Unpin`.
    ///
    /// # Cancel safety
    ///
    /// A stream that waits is woken, but a value leaves the channel only in `poll_next`; dropping the stream loses
    /// nothing, and its wake-up goes to the next receiver.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// # vela_core::block_on(async {
    /// let (tx, rx) = vela_core::channel(4);
    /// tx.try_send(1).unwrap();
    /// tx.try_send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.stream().collect::<Vec<_>>().await, [1, 2]);
    /// # });
    /// ```
    #[track_caller]
    pub fn stream(&self) -> RecvStream<T> {
        RecvStream::new(self.clone())
    }

    /// An iterator that blocks its thread for each value, until the channel is closed and drained.
    ///
    /// # Panics
    ///
    /// In an async context, always.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = vela_core::channel(1);
    /// let thread = std::thread::spawn(move || (0..3).try_for_each(|n| tx.send_blocking(n)));
    /// assert_eq!(rx.iter_blocking().collect::<Vec<_>>(), [0, 1, 2]);
    /// thread.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn iter_blocking(&self) -> BlockingIter<'_, T> {
        rt::assert_may_block("iter_blocking");
        BlockingIter { receiver: self }
    }

    // ---- the end ----

    /// Closes the channel, for all its ends: sends fail from now on; what is buffered can still be received. Says
    /// whether it was open.
    pub fn close(&self) -> bool {
        self.chan.close()
    }

    /// Whether the channel is closed. There may be values in it still.
    pub fn is_closed(&self) -> bool {
        self.chan.word() & CLOSED != 0
    }

    /// Waits until the channel is closed: nothing more will be sent. Also a source: `<-rx.closed()`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.chan)
    }

    // ---- looking ----

    super::sender::look_methods!();

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver::new(&self.chan)
    }

    /// Whether both ends belong to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chan, &other.chan)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.chan.receivers.add();
        self.chan.tell_ends();
        Self { chan: Arc::clone(&self.chan) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.chan.receivers.remove() {
            let leftovers = self.chan.with(|state, wakes| {
                state.close(wakes);
                state.take_all()
            });
            // Values have destructors of their own, which must not run under the lock.
            drop(leftovers);
        }
        self.chan.tell_ends();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.chan).finish()
    }
}

impl<'a, T> Receive for &'a Receiver<T> {
    type Output = Option<T>;
    type Case = RecvCase<&'a Chan<T>>;

    #[inline]
    #[track_caller]
    fn receive(self) -> Self::Case {
        recv_case(&*self.chan)
    }
}

impl<T> TryReceive for Receiver<T> {
    type Item = T;

    #[inline]
    fn peek(&self) -> Peek {
        peek(&self.chan, RECEIVE)
    }

    #[inline]
    fn try_receive(&self) -> Option<Option<T>> {
        if self.chan.word() & RECEIVE == 0 {
            return None;
        }
        if let Some(value) = self.chan.receive_quickly() {
            return Some(Some(value));
        }
        match self.chan.with(|state, wakes| state.pop(std::ptr::null(), wakes)) {
            Pop::Value(value) => Some(Some(value)),
            Pop::Closed => Some(None),
            Pop::Empty => None,
        }
    }
}

impl<T> TryReceive for Channel<T> {
    type Item = T;

    #[inline]
    fn peek(&self) -> Peek {
        self.receiver().peek()
    }

    #[inline]
    fn try_receive(&self) -> Option<Option<T>> {
        self.receiver().try_receive()
    }
}

impl<'a, T> Receive for &'a Channel<T> {
    type Output = Option<T>;
    type Case = RecvCase<&'a Chan<T>>;

    #[track_caller]
    fn receive(self) -> Self::Case {
        self.receiver().receive()
    }
}

/// The iterator of [`Receiver::drain`].
pub struct Drain<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

/// The iterator of [`Receiver::iter_blocking`].
pub struct BlockingIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for BlockingIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_blocking()
    }
}

impl<T> FusedIterator for BlockingIter<'_, T> {}

super::opaque_debug!(Drain<'_, T>, BlockingIter<'_, T>);
