//! A wait in a line whose other end is in the hands of strangers: a waker that panics must not hit who wakes it, nor keep him from those
//! who are behind it in the line.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// A waker that does not panic. What the one inside had to say, the panic hook has told.
struct Contained(Waker);

impl Wake for Contained {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let _woken = catch_unwind(AssertUnwindSafe(|| self.0.wake_by_ref()));
    }
}

/// Waits for `future`, which sees a waker that does not panic.
pub(crate) async fn contained<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut waker: Option<Arc<Contained>> = None;
    poll_fn(|cx| {
        let same = waker.take().filter(|waker| waker.0.will_wake(cx.waker()));
        let here = same.unwrap_or_else(|| Arc::new(Contained(cx.waker().clone())));
        let polled = future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&here))));
        waker = Some(here);
        polled
    })
    .await
}
