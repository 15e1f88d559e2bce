//! A bounded channel as one would write it for shuttle: a queue behind a lock, and wakers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::DerefMut;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The lock that guards a channel.
pub(crate) trait Lock<T>: Send + Sync + 'static {
    fn new(value: T) -> Self;
    fn lock(&self) -> impl DerefMut<Target = T>;
}

/// Shuttle does not see it: what happens in one poll is one step, as in Vela's simulator.
impl<T: Send + 'static> Lock<T> for std::sync::Mutex<T> {
    fn new(value: T) -> Self {
        std::sync::Mutex::new(value)
    }

    fn lock(&self) -> impl DerefMut<Target = T> {
        self.lock().expect("nobody panics with it")
    }
}

/// Shuttle may switch at each lock.
impl<T: Send + 'static> Lock<T> for shuttle::sync::Mutex<T> {
    fn new(value: T) -> Self {
        shuttle::sync::Mutex::new(value)
    }

    fn lock(&self) -> impl DerefMut<Target = T> {
        self.lock().expect("nobody panics with it")
    }
}

pub(crate) struct State {
    values: VecDeque<u32>,
    senders: usize,
    /// Of the senders that wait, first come, first served.
    full: VecDeque<Waker>,
    /// Of the receiver.
    empty: Option<Waker>,
}

/// A sender of a channel of capacity 1.
pub(crate) struct Sender<L: Lock<State>>(Arc<L>);

/// Its receiver; there is one.
pub(crate) struct Receiver<L: Lock<State>>(Arc<L>);

pub(crate) fn channel<L: Lock<State>>() -> (Sender<L>, Receiver<L>) {
    let state = State { values: VecDeque::with_capacity(1), senders: 1, full: VecDeque::new(), empty: None };
    let shared = Arc::new(L::new(state));
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<L: Lock<State>> Sender<L> {
    pub(crate) async fn send(&self, value: u32) {
        poll_fn(|cx| self.poll_send(cx, value)).await;
    }

    fn poll_send(&self, cx: &mut Context<'_>, value: u32) -> Poll<()> {
        let waker = {
            let mut state = self.0.lock();
            // Shuttle polls now and then without a reason: what is left here would take a later wake from somebody else.
            state.full.retain(|known| !known.will_wake(cx.waker()));
            if !state.values.is_empty() {
                state.full.push_back(cx.waker().clone());
                return Poll::Pending;
            }
            state.values.push_back(value);
            state.empty.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(())
    }
}

impl<L: Lock<State>> Clone for Sender<L> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<L: Lock<State>> Drop for Sender<L> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.lock();
            state.senders -= 1;
            if state.senders == 0 { state.empty.take() } else { None }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<L: Lock<State>> Receiver<L> {
    /// `None`: there are no more senders.
    pub(crate) async fn recv(&self) -> Option<u32> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let (value, waker) = {
            let mut state = self.0.lock();
            match state.values.pop_front() {
                Some(value) => (Some(value), state.full.pop_front()),
                None if state.senders == 0 => (None, None),
                None => {
                    state.empty = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(value)
    }
}
