//! What Tokio's documentation promises of a oneshot channel, tested of ours.
//!
//! | promise | test |
//! |---|---|
//! | one value, once, to another task | `kinds::a_oneshot_gives_its_value_once` |
//! | `send` works in code that is not async, and between two runtimes | `a_value_goes_between_runtimes_and_threads` |
//! | a sender that goes without sending ends the wait | `a_sender_that_goes_wakes_the_receiver` |
//! | a sender can be used in a destructor | `a_sender_can_send_when_its_owner_is_dropped` |
//! | `Err` of `send`: it will never be received, and is given back; `Ok` does not say that it will be received | `kinds::a_oneshot_ends_with_its_sender_and_says_so_to_the_sender`, `a_value_that_nobody_receives_goes_with_the_receiver` |
//! | a value that was sent before `close` stays until it is received, or until the receiver is dropped | `a_value_that_was_sent_before_the_close_stays`, `a_value_that_nobody_receives_goes_with_the_receiver` |
//! | after `close` every `send` fails; `close` again does nothing | `after_the_close_a_send_fails` |
//! | `closed` completes on `close` and on the receiver's drop; `is_closed` is true then | `the_sender_is_told_of_the_close_and_of_the_drop` |
//! | `try_recv`: empty, closed without a value, received already; it never fails spuriously | `try_recv_says_why`, `stress_what_was_sent_is_there` |
//! | awaiting a `&Receiver` is cancel safe | `kinds::a_dropped_receive_of_a_oneshot_loses_nothing` |
//! | `blocking_recv` panics in an async context | `blocking_in_a_task_panics` |
//! | the ends are `Send` and `Sync` if the value is `Send` | `ends_go_to_other_threads` |
//! | the last poll's waker is woken | `the_waker_of_the_last_poll_is_woken` |
//!
//! Not offered: `is_empty` and `is_terminated` (a receive after the end gives `None`), `poll_closed`.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures_util::task::noop_waker_ref;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::oneshot::{self, TryRecvError};
use vela_core::task::{spawn, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    matches!(future.poll(&mut Context::from_waker(noop_waker_ref())), Poll::Pending)
}

#[test]
fn a_value_goes_between_runtimes_and_threads() {
    let (there, here) = oneshot::channel();
    let (back, answer) = oneshot::channel();
    let other = thread::spawn(move || {
        block_on_test(RuntimeOptions::new().current_thread(), async move {
            let question: u8 = here.recv().await.unwrap();
            back.send(question + 1).unwrap();
        });
    });
    there.send(1).unwrap();
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(1), async move {
        assert_eq!(answer.recv().await, Some(2));
    });
    other.join().unwrap();
}

#[test]
fn a_sender_that_goes_wakes_the_receiver() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel::<u8>();
        let waiting = spawn(async move { rx.recv().await });
        yield_now().await;
        drop(tx);
        assert_eq!(waiting.await.unwrap(), None);
    });
}

#[test]
fn a_sender_can_send_when_its_owner_is_dropped() {
    struct Last(Option<oneshot::Sender<&'static str>>);
    impl Drop for Last {
        fn drop(&mut self) {
            if let Some(tx) = self.0.take() {
                tx.send("gone").ok();
            }
        }
    }
    let (tx, rx) = oneshot::channel();
    drop(Last(Some(tx)));
    assert_eq!(rx.try_recv(), Ok("gone"));
}

#[test]
fn a_value_that_nobody_receives_goes_with_the_receiver() {
    let token = Arc::new(());
    for close in [false, true] {
        for look in [false, true] {
            let (tx, rx) = oneshot::channel();
            tx.send(Arc::clone(&token)).unwrap();
            if close {
                rx.close();
            }
            if look {
                assert!(!rx.is_closed());
            }
            assert_eq!(Arc::strong_count(&token), 2);
            drop(rx);
            assert_eq!(Arc::strong_count(&token), 1);
        }
    }
    let (tx, rx) = oneshot::channel();
    drop(rx);
    let back = tx.send(Arc::clone(&token)).unwrap_err();
    assert_eq!(Arc::strong_count(&token), 2, "it is in the error");
    drop(back);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn a_value_that_was_sent_before_the_close_stays() {
    on_both(|| async {
        for look in [false, true] {
            let (tx, rx) = oneshot::channel();
            tx.send(7).unwrap();
            rx.close();
            assert_eq!(if look { rx.try_recv().ok() } else { rx.recv().await }, Some(7));
            rx.close();
            assert_eq!((rx.recv().await, rx.is_closed()), (None, true));
        }
    });
}

#[test]
fn after_the_close_a_send_fails() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        rx.close();
        rx.close();
        assert!(tx.is_closed());
        assert_eq!(tx.send(1).unwrap_err().into_inner(), 1);
        assert_eq!((rx.try_recv(), rx.recv().await), (Err(TryRecvError::Closed), None));
    });
}

#[test]
fn the_sender_is_told_of_the_close_and_of_the_drop() {
    on_both(|| async {
        for close in [false, true] {
            let (mut tx, rx) = oneshot::channel::<u8>();
            assert!(!tx.is_closed() && is_pending(pin!(tx.closed())));
            let waiting = spawn(async move {
                tx.closed().await;
                tx.is_closed()
            });
            yield_now().await;
            if close {
                rx.close();
                assert!(waiting.await.unwrap());
            } else {
                drop(rx);
                assert!(waiting.await.unwrap());
            }
        }
    });
}

#[test]
fn try_recv_says_why() {
    let (tx, rx) = oneshot::channel();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(1).unwrap();
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Closed)));
    let (tx, rx) = oneshot::channel::<u8>();
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn stress_what_was_sent_is_there() {
    for _ in 0..2_000 {
        let (tx, rx) = oneshot::channel();
        let (told, sent) = std::sync::mpsc::channel();
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            told.send(()).unwrap();
        });
        // Before it was sent it may or may not be there; afterwards it is.
        let early = rx.try_recv();
        sent.recv().unwrap();
        assert_eq!(early.or_else(|_| rx.try_recv()), Ok(1));
        sender.join().unwrap();
    }
}

#[test]
fn blocking_in_a_task_panics() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        tx.send(1).unwrap();
        let blocking = spawn(async move { rx.recv_blocking() });
        assert!(blocking.await.is_err());
    });
}

#[test]
fn ends_go_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    // `Send`, and not `Sync`.
    let (tx, rx) = oneshot::channel::<Cell<u8>>();
    check(&tx);
    check(&rx);
    check(&rx.recv());
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    on_both(|| async {
        let (tx, rx) = oneshot::channel();
        let mut recv = Box::pin(async move { rx.recv().await });
        // Polled by another task first, with another waker.
        assert!(is_pending(recv.as_mut()));
        let moved = spawn(recv);
        yield_now().await;
        tx.send(5).unwrap();
        assert_eq!(moved.await.unwrap(), Some(5));
    });
}
