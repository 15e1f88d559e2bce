//! Hostile neighbours: wakers that panic or act, leaked rounds, writers that use the channel they print, and misuse of the
//! hidden interface, which must panic before it does harm.
#![allow(missing_docs)]

use std::fmt::Write as _;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::Stream;
use vela_core::__private::{Mode, Selector, values};
use vela_core::ops::Receive;
use vela_core::select::Case;
use vela_core::time::ms;
use vela_core::{Channel, Overflow, SelectSet, Sender, block_on, channel};

fn quiet() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn on_wake(act: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnWake(act)))
}

fn counting() -> (Arc<AtomicUsize>, Waker) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    (
        count,
        on_wake(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }),
    )
}

#[test]
fn a_waker_that_panics_does_not_corrupt_the_operation_that_woke_it() {
    let (tx, rx) = channel::<Box<i32>>(0);
    let bad = on_wake(|| panic!("a waker panics"));
    let mut place = Box::pin(tx.reserve());
    assert!(place.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
    let mut recv = Box::pin(rx.recv());
    // Parking the receive grants the place, and wakes it.
    assert!(catch_unwind(AssertUnwindSafe(|| recv.as_mut().poll(&mut quiet()))).is_err());
    assert!(recv.as_mut().poll(&mut quiet()).is_pending());
    tx.try_send(Box::new(1)).unwrap();
    assert_eq!(recv.as_mut().poll(&mut quiet()), Poll::Ready(Some(Box::new(1))));
}

#[test]
fn a_waker_that_panics_in_a_drop_aborts_nothing() {
    let (tx, rx) = channel::<i32>(0);
    let mut first = Box::pin(rx.recv());
    assert!(first.as_mut().poll(&mut quiet()).is_pending());
    let bad = on_wake(|| panic!("a waker panics"));
    let mut second = Box::pin(rx.recv());
    assert!(second.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
    tx.try_send(1).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(first))).is_err());
    assert_eq!(second.as_mut().poll(&mut quiet()), Poll::Ready(Some(1)));
}

#[test]
fn a_waker_that_panics_leaves_nobody_asleep() {
    let (tx, rx) = channel::<i32>(0);
    let bad = on_wake(|| panic!("a waker panics"));
    let mut first = Box::pin(rx.recv());
    assert!(first.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
    let (woken, good) = counting();
    let mut others: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
    for other in &mut others {
        assert!(other.as_mut().poll(&mut Context::from_waker(&good)).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| tx.close())).is_err());
    assert_eq!(woken.load(Ordering::Relaxed), 5);
}

#[test]
fn a_retry_that_was_served_between_two_tries_has_sent() {
    block_on(async {
        let retry = Overflow::Retry { attempts: 5, backoff: ms(1) };
        let (tx, rx) = Channel::<u32>::bounded(1).overflow(retry).build().unwrap();
        let permit = tx.try_reserve().unwrap(); // holds all the room
        // The first stream is told by the send's first look, and parks the second; the second is told once the send is in
        // line, and takes its value.
        let got = Arc::new(Mutex::new(Vec::new()));
        let second = Arc::new(Mutex::new(rx.stream()));
        let take = on_wake({
            let (rx, got) = (rx.clone(), Arc::clone(&got));
            move || got.lock().unwrap().extend(rx.try_recv().ok())
        });
        let park = on_wake({
            let second = Arc::clone(&second);
            move || {
                let mut second = second.lock().unwrap();
                assert!(Pin::new(&mut *second).poll_next(&mut Context::from_waker(&take)).is_pending());
            }
        });
        let mut first = rx.stream();
        assert!(Pin::new(&mut first).poll_next(&mut Context::from_waker(&park)).is_pending());
        let sent = tx.send(7).await;
        drop(permit);
        got.lock().unwrap().extend(rx.drain());
        assert_eq!(got.lock().unwrap().len(), usize::from(sent.is_ok()));
    });
}

#[test]
fn a_full_channel_that_rejects_says_so() {
    block_on(async {
        let (tx, _rx) = Channel::bounded(1).overflow(Overflow::Reject).build().unwrap();
        tx.send(1).await.unwrap();
        assert_eq!(tx.send(2).await.unwrap_err().into_inner(), 2);
    });
}

#[test]
fn printing_an_end_into_its_own_channel_hangs_nobody() {
    struct Log(Sender<String>);

    impl std::fmt::Write for Log {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.try_send(text.to_owned()).map_err(|_| std::fmt::Error)
        }
    }

    let (tx, rx) = channel(1000);
    write!(Log(tx.clone()), "{tx:?}").unwrap();
    assert!(rx.drain().collect::<String>().contains("1000"));
}

#[test]
fn a_leaked_round_does_not_complete_a_later_member() {
    let (tx, rx) = channel::<Box<i32>>(0);
    let (_ty, ry) = channel::<Box<i32>>(0);
    let mut set = SelectSet::new();
    set.insert(rx);
    let mut round = Box::pin(set.recv());
    assert!(round.as_mut().poll(&mut quiet()).is_pending());
    std::mem::forget(round);
    tx.try_send(Box::new(1)).unwrap();
    let rx = set.remove(0).unwrap();
    assert_eq!(set.insert(ry), 0);
    assert!(pin!(set.recv()).as_mut().poll(&mut quiet()).is_pending());
    assert_eq!(rx.try_recv(), Ok(Box::new(1)));
}

#[test]
fn a_place_is_granted_when_a_set_waits_again() {
    let (t0, r0) = channel::<u32>(0);
    let (t1, r1) = channel::<u32>(0);
    let mut set = SelectSet::new();
    set.insert(r0);
    set.insert(r1);
    let mut round = Box::pin(set.recv());
    assert!(round.as_mut().poll(&mut quiet()).is_pending());
    t1.try_send(1).unwrap(); // the set is done, through its other member
    let (woken, waker) = counting();
    let mut place = Box::pin(t0.reserve());
    let early = place.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
    assert!(round.as_mut().poll(&mut quiet()).is_ready());
    drop(round);
    let mut round = Box::pin(set.recv());
    assert!(round.as_mut().poll(&mut quiet()).is_pending());
    assert!(early || woken.load(Ordering::Relaxed) == 1, "a receiver waits, and the sender sleeps");
}

#[test]
#[should_panic(expected = "only a case that waits can finish")]
fn finishing_a_case_that_does_not_wait_panics() {
    let (_tx, rx) = channel::<i32>(0);
    let _ = Box::pin((&rx).receive()).as_mut().finish(0);
}

#[test]
#[should_panic(expected = "another case has won")]
fn swapped_arms_panic() {
    let (tx, rx) = channel::<Box<i32>>(0);
    let (_ty, ry) = channel::<Box<i32>>(0);
    let mut selector = pin!(Selector::new(Mode::biased()));
    let mut a = pin!(values(Some((&rx).receive())));
    let mut b = pin!(values(Some((&ry).receive())));
    assert!(selector.as_mut().poll(&mut quiet(), &mut [a.as_mut().arm(), b.as_mut().arm()]).is_pending());
    tx.try_send(Box::new(1)).unwrap();
    let _ = selector.as_mut().poll(&mut quiet(), &mut [b.as_mut().arm(), a.as_mut().arm()]);
}

#[test]
#[should_panic(expected = "a case waits in one select at a time")]
fn an_arm_in_two_selects_panics() {
    let (_tx, rx) = channel::<i32>(0);
    let mut first = pin!(Selector::new(Mode::biased()));
    let mut second = pin!(Selector::new(Mode::biased()));
    let mut arm = pin!(values(Some((&rx).receive())));
    assert!(first.as_mut().poll(&mut quiet(), &mut [arm.as_mut().arm()]).is_pending());
    let _ = second.as_mut().poll(&mut quiet(), &mut [arm.as_mut().arm()]);
}

/// The second poll panics before the send is in line; what it leaves must not be taken for a send that waits.
#[test]
fn a_send_that_is_polled_again_and_again_after_its_end_only_panics() {
    let (tx, rx) = channel(1);
    let mut send = Box::pin(tx.send(1));
    assert!(send.as_mut().poll(&mut quiet()).is_ready());
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| send.as_mut().poll(&mut quiet()))).is_err());
    }
    assert_eq!(block_on(rx.recv()), Some(1));
    drop(send);
    tx.try_send(2).unwrap();
    assert_eq!(block_on(rx.recv()), Some(2));
}

#[test]
fn a_case_that_does_not_wait_has_no_waker_to_renew() {
    let (_tx, rx) = channel::<u8>(1);
    assert!(!(&rx).receive().renew(Waker::noop()));
}

#[test]
fn a_value_whose_drop_panics_does_not_keep_those_behind_it() {
    struct Panics(bool, #[expect(dead_code, reason = "counted")] Arc<()>);

    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(!self.0, "a value panics");
        }
    }

    let counted = Arc::new(());
    let (tx, rx) = channel(4);
    for first in [true, false, false] {
        assert!(tx.try_send(Panics(first, Arc::clone(&counted))).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert_eq!(Arc::strong_count(&counted), 1);
}
