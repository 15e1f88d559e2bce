//! Waiting: for what is looked at when a bell rings, and for the first of many moments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use vela_core::time::{Instant, Sleep, sleep_until};

use crate::panics::contained;

/// Looks until it finds something: at once, and each time that the bell, which is rung for all after each change, rings.
pub(crate) async fn until<T>(bell: &Notify, look: impl Fn() -> Option<T>) -> T {
    loop {
        // From here on no ring is missed, also if it comes before the first poll.
        let rung = bell.notified();
        if let Some(found) = look() {
            return found;
        }
        rung.await;
    }
}

/// Wakes all who wait. A waker that panics is not the affair of who rings.
pub(crate) fn ring(bell: &Notify) {
    contained(|| bell.notify_waiters());
}

/// Sleeps until the first of the moments that somebody keeps.
#[derive(Default)]
pub(crate) struct Alarm(Option<(Instant, Pin<Box<Sleep>>)>);

impl Alarm {
    /// Whether the first of them, which is `at` now, has come. `None`: there is none.
    pub(crate) fn poll(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = at else {
            self.0 = None;
            return Poll::Pending;
        };
        let (_, sleep) = match &mut self.0 {
            Some(set) if set.0 == at => set,
            other => other.insert((at, Box::pin(sleep_until(at)))),
        };
        let rings = sleep.as_mut().poll(cx);
        if rings.is_ready() {
            self.0 = None;
        }
        rings
    }
}
