//! Waiting: for what is looked at when a bell rings, and for the first of many moments.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use vela_core::time::{Instant, Sleep, sleep_until};

use crate::panics::contained;

/// What is rung for all who wait, after each change. A waker that panics is the affair of nobody else: of none of the others, nor of
/// who rings.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The last key that was given.
    last: u64,
    /// By their keys: in the order in which they came.
    wakers: Vec<(u64, Waker)>,
}

impl Bell {
    /// Wakes all who wait.
    pub(crate) fn ring(&self) {
        let wakers = mem::take(&mut self.0.lock().wakers);
        for (_, waker) in wakers {
            contained(|| waker.wake());
        }
    }
}

/// Who waits for a bell: not any more once this is dropped.
struct Place<'a> {
    bell: &'a Bell,
    /// The key; 0 before the first wait. Not there any more once the bell was rung.
    key: u64,
}

impl Place<'_> {
    fn wait(&mut self, waker: &Waker) {
        // A clone or drop of a waker is foreign code: not under the lock.
        let fresh = waker.clone();
        let mut waiting = self.bell.0.lock();
        let before = match waiting.wakers.binary_search_by_key(&self.key, |(key, _)| *key) {
            Ok(at) => Some(mem::replace(&mut waiting.wakers[at].1, fresh)),
            Err(_) => {
                waiting.last += 1;
                self.key = waiting.last;
                waiting.wakers.push((self.key, fresh));
                None
            }
        };
        drop(waiting);
        drop(before);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.key == 0 {
            return;
        }
        let mut waiting = self.bell.0.lock();
        let at = waiting.wakers.binary_search_by_key(&self.key, |(key, _)| *key);
        let left = at.ok().map(|at| waiting.wakers.remove(at));
        drop(waiting);
        drop(left);
    }
}

/// Looks until it finds something: at once, and each time that the bell is rung.
pub(crate) async fn until<T>(bell: &Bell, look: impl Fn() -> Option<T>) -> T {
    let mut place = Place { bell, key: 0 };
    poll_fn(|cx| {
        if let Some(found) = look() {
            return Poll::Ready(found);
        }
        place.wait(cx.waker());
        // Once more: it may have been rung after the look and before the wait. The lock orders the two.
        look().map_or(Poll::Pending, Poll::Ready)
    })
    .await
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::SeqCst;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    struct Shrill;

    impl Wake for Shrill {
        fn wake(self: Arc<Self>) {
            panic!("the waker");
        }
    }

    #[test]
    fn each_who_waits_is_woken_once_a_ring_also_behind_a_waker_that_panics() {
        let (bell, count) = (Bell::default(), Arc::new(Count::default()));
        let look = || None::<()>;
        let mut all = [(); 5].map(|()| Box::pin(until(&bell, look)));
        for (n, wait) in all.iter_mut().enumerate() {
            let waker = if n % 2 == 0 { Waker::from(Arc::clone(&count)) } else { Waker::from(Arc::new(Shrill)) };
            // Polled again before the ring: it has its place.
            for _ in 0..2 {
                assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        bell.ring();
        assert_eq!(count.0.load(SeqCst), 3);
        bell.ring();
        assert_eq!(count.0.load(SeqCst), 3);
    }

    #[test]
    fn who_has_found_it_or_gone_has_no_place() {
        let (bell, found) = (Bell::default(), Cell::new(None));
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut first = pin!(until(&bell, || found.get()));
            let mut second = Box::pin(until(&bell, || found.get()));
            assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
            drop(second);
            assert_eq!(bell.0.lock().wakers.len(), 1);
            found.set(Some(7));
            assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(7));
        }
        assert!(bell.0.lock().wakers.is_empty());
    }

    #[test]
    fn what_comes_while_it_begins_to_wait_is_seen() {
        let (bell, looks) = (Bell::default(), Cell::new(0));
        let wait = pin!(until(&bell, || {
            looks.set(looks.get() + 1);
            // As if it were rung after the first look.
            (looks.get() == 2).then_some(())
        }));
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
