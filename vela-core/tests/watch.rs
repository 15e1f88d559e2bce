//! What Tokio's documentation promises of a watch channel, tested of ours.
//!
//! | promise | test |
//! |---|---|
//! | the initial value, and what was there at `subscribe`, counts as seen | `what_was_there_before_a_receiver_is_no_change` |
//! | each receiver has its own idea of what it has seen | `kinds::clones_and_subscribers_have_a_view_of_their_own` |
//! | `borrow` does not mark as seen, a receive does | `looking_is_not_receiving` |
//! | an unseen value is received at once; a seen one makes it sleep until a send or the end | `kinds::a_watch_gives_the_newest_change_once`, `kinds::a_change_and_the_last_sender_to_go_wake_who_waits` |
//! | the end comes only once the value is seen | `the_last_value_comes_before_the_end` |
//! | `has_changed` compares no values | `an_equal_value_is_a_change` |
//! | only the last value is kept, those between are dropped; when | `a_value_is_dropped_when_the_next_one_comes` |
//! | the value lives until all senders and receivers are gone | `the_value_lives_as_long_as_any_end` |
//! | receivers are notified of every kind of change, by `send_if_modified` only if it says so; a silent modification is seen by who looks | `every_kind_of_change_but_a_silent_one_wakes` |
//! | a closure that panics: nobody is notified, what it did stays, nothing is poisoned | `a_modification_that_panics_spoils_nothing` |
//! | `send` without receivers fails, gives the value back, and leaves the old one; the others change it | `without_receivers_send_fails_and_the_others_change` |
//! | `subscribe` opens it again | `a_subscriber_opens_it_again` |
//! | `closed` completes when all receivers are gone, and is cancel safe | `closed_waits_for_the_last_receiver` |
//! | `changed` is cancel safe | `a_receive_that_is_dropped_has_seen_nothing` |
//! | `wait_for` looks at the present value first, also at one that was seen | `kinds::wait_for_sees_the_present_value_and_takes_no_change_away` |
//! | `wait_for` calls the closure on the last value before it says that the channel is closed | `wait_for_looks_at_the_last_value_before_the_end` |
//! | a closure of `wait_for` that panics poisons nothing | `a_condition_that_panics_spoils_nothing` |
//! | `mark_changed`, `mark_unchanged` | `a_value_can_be_marked` |
//! | counts, `same_channel`, `is_closed` | `counts_and_ends` |
//! | `Send` and `Sync` | `ends_go_to_other_threads` |
//! | many senders and receivers at once; receivers see no older value after a newer one | `stress_receivers_go_forward_and_end_with_the_last` |
//!
//! Different on purpose: a receive gives the value; `has_changed` says nothing about the end (`is_closed` does); `wait_for` does not
//! mark as seen. Not offered: `Sender::new`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::task::noop_waker_ref;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::task::{spawn, yield_now};
use vela_core::watch::{self, TryRecvError};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    matches!(future.poll(&mut Context::from_waker(noop_waker_ref())), Poll::Pending)
}

#[test]
fn what_was_there_before_a_receiver_is_no_change() {
    let (tx, rx) = watch::channel(1);
    assert_eq!((rx.has_changed(), rx.try_recv()), (false, Err(TryRecvError::Unchanged)));
    tx.set(2);
    let new = tx.subscribe();
    assert_eq!((new.get(), new.has_changed(), rx.has_changed()), (2, false, true));
    tx.set(3);
    assert_eq!((new.try_recv(), rx.try_recv()), (Ok(3), Ok(3)));
}

#[test]
fn looking_is_not_receiving() {
    let (tx, rx) = watch::channel(1);
    tx.set(2);
    assert_eq!((*rx.borrow(), rx.get(), *tx.borrow()), (2, 2, 2));
    assert!(rx.has_changed());
    assert_eq!((rx.try_recv(), rx.has_changed(), rx.try_recv()), (Ok(2), false, Err(TryRecvError::Unchanged)));
}

#[test]
fn the_last_value_comes_before_the_end() {
    on_both(|| async {
        let (tx, rx) = watch::channel(1);
        tx.set(2);
        drop(tx);
        assert!(rx.is_closed() && rx.has_changed());
        assert_eq!((rx.recv().await, rx.recv().await, rx.recv().await), (Some(2), None, None));
        assert_eq!(rx.get(), 2);
    });
}

#[test]
fn an_equal_value_is_a_change() {
    let (tx, rx) = watch::channel(1);
    tx.send(1).unwrap();
    assert_eq!((rx.has_changed(), rx.try_recv()), (true, Ok(1)));
}

#[test]
fn a_value_is_dropped_when_the_next_one_comes() {
    let token = Arc::new(());
    let alive = || Arc::strong_count(&token) - 1;
    let (tx, rx) = watch::channel(Some(Arc::clone(&token)));
    tx.send(Some(Arc::clone(&token))).unwrap();
    assert_eq!(alive(), 1, "the initial one has gone");
    let old = tx.set(None);
    assert_eq!(alive(), 1, "it was given back");
    drop(old);
    assert_eq!(alive(), 0);
    for _ in 0..10 {
        tx.send(Some(Arc::clone(&token))).unwrap();
    }
    assert_eq!(alive(), 1, "those between have gone, received by nobody");
    let copy = rx.try_recv().unwrap();
    tx.modify(|value| *value = None);
    assert_eq!(alive(), 1, "a copy is the receiver's own");
    drop(copy);
    assert_eq!(alive(), 0);
}

#[test]
fn the_value_lives_as_long_as_any_end() {
    let token = Arc::new(());
    let (tx, rx) = watch::channel(Arc::clone(&token));
    drop(tx);
    assert_eq!((Arc::strong_count(&token), Arc::strong_count(&rx.get())), (2, 3));
    drop(rx);
    assert_eq!(Arc::strong_count(&token), 1);
    let (tx, rx) = watch::channel(Arc::clone(&token));
    drop(rx);
    assert_eq!(Arc::strong_count(&token), 2);
    drop(tx);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn every_kind_of_change_but_a_silent_one_wakes() {
    on_both(|| async {
        let changes: [fn(&watch::Sender<i32>); 4] = [
            |tx| tx.send(1).unwrap(),
            |tx| assert_eq!(tx.set(1), 0),
            |tx| tx.modify(|n| *n = 1),
            |tx| {
                tx.modify_if(|n| {
                    *n = 1;
                    true
                });
            },
        ];
        for change in changes {
            let (tx, rx) = watch::channel(0);
            let waiting = spawn(async move { rx.recv().await });
            yield_now().await;
            change(&tx);
            assert_eq!(waiting.await.unwrap(), Some(1));
        }
        let (tx, rx) = watch::channel(0);
        {
            let mut waiting = pin!(rx.recv());
            assert!(is_pending(waiting.as_mut()));
            assert!(!tx.modify_if(|n| {
                *n = 1;
                false
            }));
            assert!(is_pending(waiting.as_mut()));
        }
        assert_eq!((rx.get(), rx.has_changed()), (1, false));
    });
}

#[test]
fn a_modification_that_panics_spoils_nothing() {
    let (tx, rx) = watch::channel(0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        tx.modify(|n| {
            *n = 1;
            panic!("in the middle");
        });
    }));
    assert!(panicked.is_err());
    assert_eq!((rx.has_changed(), rx.get()), (false, 1), "nobody is told, and what it did is there");
    let panicked = catch_unwind(AssertUnwindSafe(|| tx.modify_if(|_| panic!("at once"))));
    assert!(panicked.is_err());
    tx.send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn without_receivers_send_fails_and_the_others_change() {
    let (tx, rx) = watch::channel(0);
    drop(rx);
    assert_eq!((tx.send(1).map_err(|error| error.into_inner()), tx.get()), (Err(1), 0));
    assert_eq!((tx.set(2), tx.get()), (0, 2));
    tx.modify(|n| *n += 1);
    assert!(tx.modify_if(|n| {
        *n += 1;
        true
    }));
    assert_eq!(tx.subscribe().get(), 4);
}

#[test]
fn a_subscriber_opens_it_again() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        drop(rx);
        assert!(tx.is_closed());
        let rx = tx.subscribe();
        assert!(!tx.is_closed() && is_pending(pin!(tx.closed())));
        tx.send(1).unwrap();
        assert_eq!(rx.recv().await, Some(1));
    });
}

#[test]
fn closed_waits_for_the_last_receiver() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        let other = rx.clone();
        assert!(is_pending(pin!(tx.closed())));
        drop(rx);
        assert!(is_pending(pin!(tx.closed())));
        let waiting = spawn(async move { tx.closed().await });
        yield_now().await;
        drop(other);
        waiting.await.unwrap();
    });
}

#[test]
fn a_receive_that_is_dropped_has_seen_nothing() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        {
            let mut early = pin!(rx.recv());
            assert!(is_pending(early.as_mut()));
            tx.send(1).unwrap();
        }
        assert!(rx.has_changed());
        drop(rx.recv());
        assert_eq!(rx.recv().await, Some(1));
    });
}

#[test]
fn wait_for_looks_at_the_last_value_before_the_end() {
    on_both(|| async {
        for last in [1, 5] {
            let (tx, rx) = watch::channel(0);
            let mut looked = Vec::new();
            let mut waiting = Box::pin(rx.wait_for(|n| {
                looked.push(*n);
                *n == 5
            }));
            assert!(is_pending(waiting.as_mut()));
            tx.send(last).unwrap();
            drop(tx);
            assert_eq!(waiting.await, (last == 5).then_some(5));
            assert_eq!(looked.last(), Some(&last));
        }
    });
}

#[test]
fn wait_for_wakes_for_a_change_and_for_the_end() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        let rx = Arc::new(rx);
        let waits: Vec<_> = [3, 9]
            .map(|wanted| {
                let rx = Arc::clone(&rx);
                spawn(async move { rx.wait_for(|n| *n == wanted).await })
            })
            .into();
        yield_now().await;
        tx.send(3).unwrap();
        yield_now().await;
        drop(tx);
        let mut ends = Vec::new();
        for wait in waits {
            ends.push(wait.await.unwrap());
        }
        assert_eq!(ends, [Some(3), None]);
    });
}

#[test]
fn a_condition_that_panics_spoils_nothing() {
    on_both(|| async {
        let (tx, rx) = watch::channel(0);
        let panicked = catch_unwind(AssertUnwindSafe(|| is_pending(pin!(rx.wait_for(|_| panic!("in the condition"))))));
        assert!(panicked.is_err());
        tx.send(1).unwrap();
        assert_eq!((rx.recv().await, rx.wait_for(|n| *n == 1).await), (Some(1), Some(1)));
    });
}

#[test]
fn a_value_can_be_marked() {
    on_both(|| async {
        let (tx, rx) = watch::channel(1);
        let rx = Arc::new(rx);
        let waiting = {
            let rx = Arc::clone(&rx);
            spawn(async move { rx.recv().await })
        };
        yield_now().await;
        rx.mark_changed();
        assert_eq!(waiting.await.unwrap(), Some(1), "and wakes who waits");
        tx.send(2).unwrap();
        rx.mark_unchanged();
        assert_eq!((rx.has_changed(), rx.try_recv()), (false, Err(TryRecvError::Unchanged)));
        tx.send(3).unwrap();
        assert_eq!(rx.try_recv(), Ok(3));
    });
}

#[test]
fn counts_and_ends() {
    let (tx, rx) = watch::channel(0);
    let (other, clone, new) = (tx.clone(), rx.clone(), tx.subscribe());
    assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 3));
    assert!(tx.same_channel(&other) && rx.same_channel(&clone) && clone.same_channel(&new));
    let (far, away) = watch::channel(0);
    assert!(!tx.same_channel(&far) && !rx.same_channel(&away));
    drop((tx, clone));
    assert_eq!((other.sender_count(), other.receiver_count(), rx.is_closed()), (1, 2, false));
    drop(other);
    assert!(rx.is_closed() && new.is_closed());
}

#[test]
fn ends_go_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    let (tx, rx) = watch::channel(0);
    check(&tx);
    check(&rx);
    check(&rx.recv());
    check(&rx.wait_for(|_| true));
}

#[test]
fn stress_receivers_go_forward_and_end_with_the_last() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for _ in 0..100 {
            let (tx, rx) = watch::channel(0);
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    let rx = rx.clone();
                    spawn(async move {
                        let mut last = 0;
                        while let Some(n) = rx.recv().await {
                            assert!(n > last);
                            last = n;
                        }
                        last
                    })
                })
                .collect();
            let waiting = spawn(async move { rx.wait_for(|n| *n >= 100).await });
            let writers: Vec<_> = [tx.clone(), tx]
                .map(|tx| {
                    spawn(async move {
                        for _ in 0..50 {
                            tx.modify(|n| *n += 1);
                        }
                    })
                })
                .into();
            for writer in writers {
                writer.await.unwrap();
            }
            for reader in readers {
                assert_eq!(reader.await.unwrap(), 100);
            }
            assert_eq!(waiting.await.unwrap(), Some(100));
        }
    });
}

/// The old value's drop runs after the news is out, and may use the channel.
#[test]
fn an_old_value_that_panics_as_it_goes_wakes_who_waits() {
    #[derive(Clone)]
    struct Sore(bool);
    impl Drop for Sore {
        fn drop(&mut self) {
            assert!(!self.0, "sore");
        }
    }
    for named in [false, true] {
        let (tx, rx) = if named { watch::channel_named("sore", Sore(true)) } else { watch::channel(Sore(true)) };
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut waits = std::pin::pin!(rx.wait_for(|value| !value.0));
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tx.send(Sore(false))));
        assert!(sent.is_err());
        assert!(wakes.0.load(std::sync::atomic::Ordering::Relaxed) > 0, "named: {named}");
    }
}

#[derive(Default)]
struct Wakes(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}
