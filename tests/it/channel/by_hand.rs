//! A future that is polled by hand, with a waker that counts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A future in a box, with a bell of its own.
pub(crate) struct ByHand<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

impl<F: Future> ByHand<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Box::pin(future), bell: Bell::new() }
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls with another bell, as a task that has moved would.
    pub(crate) fn poll_with(&mut self, bell: &Arc<Bell>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(bell));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.bell.rings()
    }

    /// Polls once; it has to be ready.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("pending, woken {} times", self.wakes()),
        }
    }

    /// Polls once; it has to wait.
    #[track_caller]
    pub(crate) fn pending(&mut self) {
        assert!(self.poll().is_pending(), "ready");
    }

    /// Leaks it.
    pub(crate) fn forget(self) {
        std::mem::forget(self.future);
    }
}

/// A future that has been polled once and waits.
#[track_caller]
pub(crate) fn parked<F: Future>(future: F) -> ByHand<F> {
    let mut hand = ByHand::new(future);
    hand.pending();
    hand
}

/// The output of a future that is ready at once.
#[track_caller]
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    ByHand::new(future).ready()
}
