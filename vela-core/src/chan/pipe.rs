//! A channel that lies in a place of its owner's, and whose ends nobody counts; and what is done on a channel at once.

use std::panic::Location;

use super::error::{TryRecvError, TryReserveError, TrySendError};
use super::permit::{Permit, Reserve, reserve_by_policy};
use super::recv::Recv;
use super::send::{Send, SendCase, send_case};
use super::state::{CLOSED, Chan, Place, Pop, Push, RECEIVE};
use super::{SendError, SendErrorKind};
use crate::ops::Transmit;
use crate::overflow::Overflow;

/// A channel for who keeps it in an allocation that is shared anyway: that takes no other, and no counting. Who reaches it can
/// send and receive, and it is open until it is closed. Made by [`ChannelBuilder::build_pipe`](super::ChannelBuilder::build_pipe);
/// its methods are those of [`Sender`](super::Sender) and [`Receiver`](super::Receiver).
pub struct Pipe<T> {
    chan: Chan<T>,
}

#[allow(missing_docs, reason = "as those of the ends")]
impl<T> Pipe<T> {
    pub(super) fn new(chan: Chan<T>) -> Self {
        Self { chan }
    }

    /// As by [`channel`](super::channel), whatever the configuration of the process.
    #[must_use]
    pub fn bounded(capacity: usize) -> Self {
        Self::new(Chan::new(capacity, Overflow::Block, None, None))
    }

    /// It lies where it will stay: a simulation hears of it.
    #[track_caller]
    pub fn placed(&self) {
        self.chan.tell_made(Location::caller());
    }

    #[inline]
    #[track_caller]
    pub fn send(&self, value: T) -> Send<'_, T> {
        Send::new(&self.chan, Some(value))
    }

    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.chan.try_send(value)
    }

    #[track_caller]
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(&self.chan)
    }

    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TryReserveError> {
        self.chan.try_reserve()
    }

    pub async fn reserve_by_policy(&self) -> Result<Permit<'_, T>, SendErrorKind> {
        reserve_by_policy(&self.chan).await
    }

    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv::new(&self.chan)
    }

    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.chan.try_recv()
    }

    pub fn close(&self) -> bool {
        !self.is_closed() && self.chan.close()
    }

    pub fn is_closed(&self) -> bool {
        self.chan.word() & CLOSED != 0
    }

    super::sender::look_methods!();
}

impl<T> Drop for Pipe<T> {
    fn drop(&mut self) {
        if !self.is_closed() || !self.is_empty() {
            // As by the last receiver: what is left is counted.
            drop(self.chan.with(|state, wakes| {
                state.close(wakes);
                state.take_all()
            }));
        }
    }
}

impl<'a, T> Transmit<T> for &'a Pipe<T> {
    type Output = Result<(), SendError<T>>;
    type Case = SendCase<&'a Chan<T>>;

    #[inline]
    #[track_caller]
    fn transmit(self, value: T) -> Self::Case {
        send_case(&self.chan, Some(value))
    }
}

super::opaque_debug!(Pipe<T>);

impl<T> Chan<T> {
    /// As [`Sender::try_send`](super::Sender::try_send).
    pub(super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        if self.send_quickly(&mut value) {
            return Ok(());
        }
        let Some(value) = value else { return Ok(()) };
        // A value that the policy drops is dropped here, outside the lock.
        match self.with(|state, wakes| state.push(value, std::ptr::null(), wakes)) {
            Push::Done | Push::Dropped(_) => Ok(()),
            Push::Full(value) => {
                self.count_rejected();
                Err(TrySendError::Full(value))
            }
            Push::Closed(value) => Err(TrySendError::Closed(value)),
        }
    }

    /// As [`Sender::try_reserve`](super::Sender::try_reserve).
    pub(super) fn try_reserve(&self) -> Result<Permit<'_, T>, TryReserveError> {
        match self.with(|state, _| state.take_place()) {
            Place::Granted => Ok(Permit::new(self)),
            Place::None => {
                self.count_rejected();
                Err(TryReserveError::Full)
            }
            Place::Closed => Err(TryReserveError::Closed),
        }
    }

    /// As [`Receiver::try_recv`](super::Receiver::try_recv).
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        if self.word() & RECEIVE == 0 {
            return Err(TryRecvError::Empty);
        }
        if let Some(value) = self.receive_quickly() {
            return Ok(value);
        }
        match self.with(|state, wakes| state.pop(std::ptr::null(), wakes)) {
            Pop::Value(value) => Ok(value),
            Pop::Empty => Err(TryRecvError::Empty),
            Pop::Closed => Err(TryRecvError::Closed),
        }
    }
}
