//! Polls by hand, with wakers of every kind.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Poll, Wake, Waker};

pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(waker))
}

/// A waker that panics.
pub(crate) fn shrill() -> Waker {
    struct Shrill;
    impl Wake for Shrill {
        fn wake(self: Arc<Self>) {
            panic!("the waker");
        }
    }
    Waker::from(Arc::new(Shrill))
}

/// A waker that says whether it was called.
#[derive(Default)]
pub(crate) struct Woken(pub(crate) AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
