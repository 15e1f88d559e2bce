//! What Tokio's documentation promises of a broadcast channel, tested of ours.
//!
//! | promise | test |
//! |---|---|
//! | every receiver gets every value, in order | `kinds::a_broadcast_reaches_every_receiver_in_order` |
//! | a value is kept once, cloned for each receiver on demand, dropped when all have had it | `a_value_is_cloned_for_each_receiver_and_dropped_after_the_last` |
//! | a new receiver gets what is sent after it | `a_new_receiver_gets_what_is_sent_after_it` |
//! | the capacity is rounded up to a power of two; only who is further behind lags | `only_who_is_further_behind_than_the_rounded_capacity_lags` |
//! | beyond it the oldest value is overwritten, and dropped | `an_overwritten_value_is_dropped_at_once` |
//! | lag is told with the number that was missed; the receiver goes on with the oldest one kept, or lags again | `who_lags_goes_on_with_the_oldest_or_lags_again` |
//! | when all senders are gone, what is kept is received, then comes the end | `what_is_kept_comes_before_the_end` |
//! | a receiver that is dropped has had everything | `a_receiver_that_goes_lets_go_of_its_values` |
//! | `send` gives the number of receivers, and the value back if there is none; that may change | `kinds::a_broadcast_without_receivers_gives_the_value_back` |
//! | `Sender::len`: kept for somebody; `Receiver::len`: not received, overwritten ones included | `lengths_count_what_they_say` |
//! | `receiver_count`, `same_channel`, `is_closed` | `counts_and_ends` |
//! | `closed` completes with the last receiver | `closed_waits_for_the_last_receiver` |
//! | `resubscribe` begins at the end | `a_resubscription_gets_what_is_sent_after_it` |
//! | `recv` is cancel safe | `kinds::a_dropped_receive_of_a_broadcast_loses_nothing` |
//! | `blocking_recv` panics in an async context | `blocking_in_a_task_panics` |
//! | the ends are `Send` and `Sync` if the values are `Send` | `ends_go_to_other_threads` |
//! | many senders at once: one order for all receivers | `stress_all_receivers_see_one_order` |
//! | a clone that panics takes the value from that receiver only | `a_clone_that_panics_spoils_nothing` |
//!
//! Not offered: weak senders, `Sender::new`.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::noop_waker_ref;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::broadcast::{self, TryRecvError};
use vela_core::task::{spawn, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    matches!(future.poll(&mut Context::from_waker(noop_waker_ref())), Poll::Pending)
}

/// Counts its clones, and how many there are.
struct Counted {
    clones: Arc<AtomicUsize>,
    _alive: Arc<()>,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::SeqCst);
        Self { clones: Arc::clone(&self.clones), _alive: Arc::clone(&self._alive) }
    }
}

#[test]
fn a_value_is_cloned_for_each_receiver_and_dropped_after_the_last() {
    let (clones, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
    let (tx, a) = broadcast::channel(4);
    let b = tx.subscribe();
    tx.send(Counted { clones: Arc::clone(&clones), _alive: Arc::clone(&alive) }).ok();
    assert_eq!((clones.load(Ordering::SeqCst), Arc::strong_count(&alive)), (0, 2), "kept once");
    drop(a.try_recv());
    assert_eq!((clones.load(Ordering::SeqCst), Arc::strong_count(&alive)), (1, 2), "one has yet to have it");
    let late = tx.subscribe();
    drop(b.try_recv());
    assert_eq!((clones.load(Ordering::SeqCst), Arc::strong_count(&alive)), (2, 1));
    assert!(late.is_empty());
}

#[test]
fn a_new_receiver_gets_what_is_sent_after_it() {
    let (tx, old) = broadcast::channel(4);
    tx.send(1).unwrap();
    let new = tx.subscribe();
    tx.send(2).unwrap();
    assert_eq!((new.try_recv(), new.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
    assert_eq!((old.try_recv(), old.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn only_who_is_further_behind_than_the_rounded_capacity_lags() {
    for (capacity, places) in [(1, 1), (2, 2), (3, 4), (5, 8), (10, 16)] {
        let (tx, rx) = broadcast::channel(capacity);
        let late = tx.subscribe();
        for n in 0..places {
            tx.send(n).unwrap();
        }
        assert_eq!(rx.try_recv(), Ok(0));
        tx.send(places).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(late.try_recv().unwrap_err().lagged(), Some(1));
        assert_eq!(late.try_recv(), Ok(1));
    }
}

#[test]
fn an_overwritten_value_is_dropped_at_once() {
    let token = Arc::new(());
    let (tx, rx) = broadcast::channel(2);
    for n in 1..10 {
        tx.send(Arc::clone(&token)).unwrap();
        assert_eq!(Arc::strong_count(&token), 1 + n.min(2));
    }
    drop(tx);
    assert_eq!(Arc::strong_count(&token), 3, "kept for who has not had them");
    drop(rx);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn who_lags_goes_on_with_the_oldest_or_lags_again() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(2);
        for n in 0..5 {
            tx.send(n).unwrap();
        }
        assert_eq!(rx.recv().await.unwrap().unwrap_err().missed(), 3);
        for n in 5..8 {
            tx.send(n).unwrap();
        }
        assert_eq!(rx.recv().await.unwrap().unwrap_err().missed(), 3);
        assert_eq!((rx.recv().await, rx.recv().await), (Some(Ok(6)), Some(Ok(7))));
        assert!(is_pending(pin!(rx.recv())));
        assert!(!rx.is_closed());
    });
}

#[test]
fn what_is_kept_comes_before_the_end() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(2);
        for n in 0..5 {
            tx.send(n).unwrap();
        }
        drop(tx);
        assert!(rx.is_closed());
        assert_eq!(rx.recv().await.unwrap().unwrap_err().missed(), 3);
        assert_eq!((rx.recv().await, rx.recv().await), (Some(Ok(3)), Some(Ok(4))));
        assert_eq!((rx.recv().await, rx.recv().await, rx.try_recv()), (None, None, Err(TryRecvError::Closed)));
    });
}

#[test]
fn a_receiver_that_goes_lets_go_of_its_values() {
    let token = Arc::new(());
    let (tx, a) = broadcast::channel(8);
    let b = tx.subscribe();
    for _ in 0..3 {
        tx.send(Arc::clone(&token)).unwrap();
    }
    drop((b.try_recv(), a));
    assert_eq!(Arc::strong_count(&token), 3, "one has gone with `a`, two are left for `b`");
    drop(b);
    assert_eq!((Arc::strong_count(&token), tx.len()), (1, 0));
}

#[test]
fn lengths_count_what_they_say() {
    let (tx, a) = broadcast::channel(2);
    let b = tx.subscribe();
    assert!(tx.is_empty() && a.is_empty());
    assert_eq!((tx.len(), a.len()), (0, 0));
    for n in 0..5 {
        tx.send(n).unwrap();
    }
    assert_eq!((tx.len(), a.len(), b.len()), (2, 5, 5));
    assert_eq!(a.try_recv().unwrap_err().lagged(), Some(3));
    assert_eq!((a.len(), a.try_recv(), a.len(), tx.len()), (2, Ok(3), 1, 2));
    drop(b);
    assert_eq!(tx.len(), 1, "the first was kept for `b` only");
    assert_eq!((a.try_recv(), a.is_empty(), tx.is_empty()), (Ok(4), true, true));
}

#[test]
fn counts_and_ends() {
    let (tx, a) = broadcast::channel::<u8>(2);
    let (other, b, c) = (tx.clone(), tx.subscribe(), a.resubscribe());
    assert_eq!((tx.receiver_count(), tx.sender_count(), a.sender_count()), (3, 2, 2));
    assert!(tx.same_channel(&other) && a.same_channel(&b) && b.same_channel(&c));
    let (far, away) = broadcast::channel::<u8>(2);
    assert!(!tx.same_channel(&far) && !a.same_channel(&away));
    drop((b, c, other));
    assert_eq!((tx.receiver_count(), a.sender_count(), tx.is_closed(), a.is_closed()), (1, 1, false, false));
    drop(tx);
    assert!(a.is_closed());
}

#[test]
fn closed_waits_for_the_last_receiver() {
    on_both(|| async {
        let (tx, a) = broadcast::channel::<u8>(2);
        let b = tx.subscribe();
        drop(a);
        assert!(is_pending(pin!(tx.closed())));
        let waiting = spawn(async move {
            tx.closed().await;
            tx.is_closed()
        });
        yield_now().await;
        drop(b);
        assert!(waiting.await.unwrap());
    });
}

#[test]
fn a_resubscription_gets_what_is_sent_after_it() {
    let (tx, rx) = broadcast::channel(4);
    tx.send(1).unwrap();
    let new = rx.resubscribe();
    tx.send(2).unwrap();
    assert_eq!((new.try_recv(), rx.try_recv(), rx.try_recv()), (Ok(2), Ok(1), Ok(2)));
}

#[test]
fn blocking_in_a_task_panics() {
    on_both(|| async {
        let (tx, rx) = broadcast::channel(4);
        tx.send(1).unwrap();
        let blocking = spawn(async move { rx.recv_blocking() });
        assert!(blocking.await.is_err());
    });
}

#[test]
fn ends_go_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    // `Send`, and not `Sync`.
    let (tx, rx) = broadcast::channel::<Cell<u8>>(1);
    check(&tx);
    check(&rx);
    check(&rx.recv());
}

#[test]
fn stress_all_receivers_see_one_order() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for _ in 0..30 {
            let (tx, rx) = broadcast::channel(1024);
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    let rx = rx.resubscribe();
                    spawn(async move {
                        let mut seen = Vec::new();
                        while let Some(value) = rx.recv().await {
                            seen.push(value.unwrap());
                        }
                        seen
                    })
                })
                .collect();
            drop(rx);
            let writers: Vec<_> = (0..3)
                .map(|who| {
                    let tx = tx.clone();
                    spawn(async move {
                        for n in 0..100 {
                            tx.send((who, n)).unwrap();
                            if n % 9 == who {
                                yield_now().await;
                            }
                        }
                    })
                })
                .collect();
            drop(tx);
            for writer in writers {
                writer.await.unwrap();
            }
            let mut orders = Vec::new();
            for reader in readers {
                orders.push(reader.await.unwrap());
            }
            assert_eq!(orders[0].len(), 300);
            assert!(orders.windows(2).all(|two| two[0] == two[1]));
            for who in 0..3 {
                assert!(orders[0].iter().filter(|(writer, _)| *writer == who).is_sorted());
            }
        }
    });
}

#[test]
fn a_clone_that_panics_spoils_nothing() {
    struct Bomb(bool);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(!self.0, "no copy of this one");
            Self(false)
        }
    }
    let (tx, a) = broadcast::channel(4);
    let b = tx.subscribe();
    tx.send(Bomb(true)).ok();
    tx.send(Bomb(false)).ok();
    assert!(catch_unwind(AssertUnwindSafe(|| a.try_recv())).is_err());
    assert!(a.try_recv().is_ok() && a.is_empty());
    assert!(catch_unwind(AssertUnwindSafe(|| b.try_recv())).is_err());
    assert!(b.try_recv().is_ok());
    assert_eq!(tx.send(Bomb(false)).ok(), Some(2));
}
