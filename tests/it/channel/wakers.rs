//! Wakers are user code: they are woken and dropped outside the lock.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use vela::{Receiver, Select, Sender, channel};

/// A waker that looks at the channel, and takes part in it, when it is woken and when it is dropped.
struct Nosy {
    tx: Sender<u32>,
    rx: Receiver<u32>,
    uses: Arc<AtomicUsize>,
}

impl Nosy {
    fn use_the_channel(&self) {
        let _ = (self.tx.len(), self.rx.is_full(), self.tx.try_reserve().is_ok());
        self.uses.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.use_the_channel();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.use_the_channel();
    }
}

/// Runs `body` on a thread of its own: under the lock it would wait for itself for ever.
fn without_deadlock(body: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(20)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a waker was touched under the lock"),
        _ => thread.join().unwrap(),
    }
}

fn poll<F: Future>(future: &mut Pin<Box<F>>, waker: Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(&waker))
}

fn nosy_channel(capacity: usize) -> (Sender<u32>, Receiver<u32>, impl Fn() -> Waker, Arc<AtomicUsize>) {
    let (tx, rx) = channel(capacity);
    let uses = Arc::new(AtomicUsize::new(0));
    let (tx2, rx2, uses2) = (tx.clone(), rx.clone(), Arc::clone(&uses));
    let waker = move || Waker::from(Arc::new(Nosy { tx: tx2.clone(), rx: rx2.clone(), uses: Arc::clone(&uses2) }));
    (tx, rx, waker, uses)
}

#[test]
fn a_receivers_waker_may_use_the_channel() {
    for capacity in [0, 1, 5] {
        without_deadlock(move || {
            let (tx, rx, waker, uses) = nosy_channel(capacity);
            let mut receive = Box::pin(rx.recv());
            assert!(poll(&mut receive, waker()).is_pending());
            // Another waker takes its place, and is dropped with the future.
            assert!(poll(&mut receive, waker()).is_pending());
            assert_eq!(uses.load(Ordering::SeqCst), 1);
            drop(receive);
            assert_eq!(uses.load(Ordering::SeqCst), 2);

            let mut receive = Box::pin(rx.recv());
            assert!(poll(&mut receive, waker()).is_pending());
            tx.try_send(1).unwrap();
            assert_eq!(uses.load(Ordering::SeqCst), 4, "woken and dropped");
            assert_eq!(poll(&mut receive, waker()), Poll::Ready(Some(1)));
            assert_eq!(uses.load(Ordering::SeqCst), 5);
        });
    }
}

#[test]
fn a_senders_waker_may_use_the_channel() {
    for capacity in [0, 1, 5] {
        without_deadlock(move || {
            let (tx, rx, waker, uses) = nosy_channel(capacity);
            while tx.try_send(0).is_ok() {}
            let mut sends: Vec<_> = (0..4).map(|n| Box::pin(tx.send(n))).collect();
            for send in &mut sends {
                assert!(poll(send, waker()).is_pending());
            }
            let mut reserve = Box::pin(tx.reserve());
            assert!(poll(&mut reserve, waker()).is_pending());
            assert_eq!(rx.try_recv_many(&mut Vec::new(), 2), 2);
            assert_eq!(uses.load(Ordering::SeqCst), 4);
            drop(sends);
            drop(reserve);
            assert_eq!(uses.load(Ordering::SeqCst), 7, "two of five woken and dropped, three only dropped");
        });
    }
}

#[test]
fn wakers_woken_by_the_close_may_use_the_channel() {
    for capacity in [0, 1] {
        without_deadlock(move || {
            let (tx, rx, waker, uses) = nosy_channel(capacity);
            let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
            for receive in &mut receives {
                assert!(poll(receive, waker()).is_pending());
            }
            let mut closed = Box::pin(tx.closed());
            assert!(poll(&mut closed, waker()).is_pending());
            tx.close();
            assert_eq!(uses.load(Ordering::SeqCst), 12, "six were woken and dropped");
        });
    }
}

#[test]
fn the_waker_of_the_next_receiver_may_use_the_channel_when_a_value_comes_back() {
    for capacity in [0, 1] {
        without_deadlock(move || {
            let (tx, rx, waker, uses) = nosy_channel(capacity);
            let mut first = Box::pin(rx.recv());
            let mut second = Box::pin(rx.recv());
            assert!(poll(&mut first, waker()).is_pending());
            assert!(poll(&mut second, waker()).is_pending());
            tx.try_send(1).unwrap();
            drop(first);
            assert_eq!(uses.load(Ordering::SeqCst), 4);
            assert_eq!(poll(&mut second, waker()), Poll::Ready(Some(1)));
        });
    }
}

/// Does something once, when it is dropped: while the operation that it belonged to is changing its waker.
struct OnDrop<F: FnOnce() + Send>(std::sync::Mutex<Option<F>>);

impl<F: FnOnce() + Send> Wake for OnDrop<F> {
    fn wake(self: Arc<Self>) {}
}

impl<F: FnOnce() + Send> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.get_mut().unwrap().take() {
            act();
        }
    }
}

/// Polls twice, with another waker the second time, so that the first is dropped in between; `meanwhile` runs then, when
/// the operation is awake and cannot be claimed.
fn poll_while<F: Future>(future: &mut Pin<Box<F>>, meanwhile: impl FnOnce() + Send + 'static) -> Poll<F::Output> {
    let first = Waker::from(Arc::new(OnDrop(std::sync::Mutex::new(Some(meanwhile)))));
    assert!(poll(future, first).is_pending());
    poll(future, Waker::noop().clone())
}

#[test]
fn what_comes_while_an_operation_changes_its_waker_is_not_missed() {
    for capacity in [1, 5, usize::MAX] {
        without_deadlock(move || {
            let (tx, rx) = channel(capacity);
            let other = tx.clone();
            let mut receive = Box::pin(rx.recv());
            let received = poll_while(&mut receive, move || other.try_send(1).unwrap());
            assert_eq!(received, Poll::Ready(Some(1)));
            drop(receive);

            let other = tx.clone();
            let mut receive = Box::pin(rx.recv());
            assert_eq!(poll_while(&mut receive, move || assert!(other.close())), Poll::Ready(None));
        });
    }
    for capacity in [1, 5] {
        without_deadlock(move || {
            let (tx, rx) = channel(capacity);
            while tx.try_send(0).is_ok() {}
            let other = rx.clone();
            let mut send = Box::pin(tx.send(1));
            assert_eq!(poll_while(&mut send, move || assert!(other.try_recv().is_ok())), Poll::Ready(Ok(())));

            let other = rx.clone();
            let mut reserve = Box::pin(tx.reserve());
            assert!(poll_while(&mut reserve, move || assert!(other.try_recv().is_ok())).is_ready());
            drop(reserve);
            while tx.try_send(0).is_ok() {}

            let mut closed = Box::pin(tx.closed());
            assert!(poll_while(&mut closed, move || assert!(rx.close())).is_ready());
        });
    }
}

/// One that waits for several things is busy meanwhile. It does not lose its place: the next value, or place, is still
/// for it.
#[test]
fn an_operation_that_was_passed_over_is_served_next() {
    without_deadlock(|| {
        let (tx, rx) = channel(0);
        let (_idle, other_source) = channel::<u32>(1);
        let other = tx.clone();
        let mut receive = Box::pin(Select::new().recv(&rx, |v| v).recv(&other_source, |v| v).wait());
        // Nobody can take it: the receiver is awake.
        assert!(poll_while(&mut receive, move || assert!(other.try_send(1).is_err())).is_pending());
        tx.try_send(2).unwrap();
        assert_eq!(poll(&mut receive, Waker::noop().clone()), Poll::Ready(Some(2)));

        let other = rx.clone();
        let mut send = Box::pin(Select::new().send(&tx, 3, || 0).recv(&other_source, |v| v).wait());
        assert!(poll_while(&mut send, move || assert!(other.try_recv().is_err())).is_pending());
        assert_eq!(rx.try_recv(), Ok(3));
        assert!(poll(&mut send, Waker::noop().clone()).is_ready());
    });
}

/// One that waits for one thing only can be served at any time.
#[test]
fn a_single_operation_is_served_while_it_changes_its_waker() {
    without_deadlock(|| {
        let (tx, rx) = channel(0);
        let other = tx.clone();
        let mut receive = Box::pin(rx.recv());
        assert_eq!(poll_while(&mut receive, move || other.try_send(1).unwrap()), Poll::Ready(Some(1)));
    });
}
