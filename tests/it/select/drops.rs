//! A select that is dropped, at whatever stage, loses nothing and duplicates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, alive, counted, of_capacity, on_each_runtime, on_many_threads};

#[test]
fn a_select_that_is_never_polled_does_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let hand = Hand::new(async {
            select! { v = <-rx => v, _ = tx <- 1 => None }
        });
        drop(hand);
        assert!(rx.is_empty() && rx.try_recv().is_err());
        if capacity == 0 {
            assert!(tx.try_send(1).is_err());
        }
    }
}

#[test]
fn a_waiting_select_that_is_dropped_leaves_every_list() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = channel(0);
        let hand = Hand::waiting(async {
            select! { v = <-a => v, r = tb <- 7 => r.ok().map(|()| 0) }
        });
        let mut later = Hand::waiting(a.recv());
        drop(hand);
        ta.try_send(1).unwrap();
        assert_eq!(later.woken(), Some(1), "the dropped select takes no value");
        assert!(b.try_recv().is_err(), "the dropped select sends no value");
        if capacity == 0 {
            assert!(ta.try_send(2).is_err());
        }
    }
}

/// The value was handed to the select, which is dropped before it runs: the next waiter gets it.
#[test]
fn a_value_handed_to_a_dropped_select_goes_to_the_next_waiter() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (_t, other) = channel::<u32>(0);
        let select = Hand::waiting(async {
            select! { v = <-rx => v, v = <-other => v }
        });
        let mut next = Hand::waiting(rx.recv());
        let mut third = Hand::waiting(async {
            select! { v = <-other => v, v = <-rx => v }
        });
        tx.try_send(1).unwrap();
        assert_eq!(select.rings(), 1);
        drop(select);
        assert_eq!(next.woken(), Some(1));
        tx.try_send(2).unwrap();
        assert_eq!(third.woken(), Some(2));
    }
}

#[test]
fn a_value_handed_to_a_dropped_select_regains_its_place() {
    for capacity in BUFFERED {
        let (tx, rx) = of_capacity(capacity);
        let (_t, other) = channel::<u32>(0);
        let select = Hand::waiting(async {
            select! { v = <-rx => v, v = <-other => v }
        });
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        drop(select);
        assert_eq!(rx.len(), 2, "what was handed over counts until it is received");
        assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
    }
}

#[test]
fn two_values_handed_to_two_dropped_selects_regain_their_order() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (_t, other) = channel::<u32>(0);
        let wait = || {
            Hand::waiting(async {
                select! { v = <-rx => v, v = <-other => v }
            })
        };
        for first_dropped in [0, 1] {
            let mut waiting = vec![wait(), wait()];
            tx.try_send(1).unwrap();
            tx.try_send(2).unwrap();
            drop(waiting.remove(first_dropped));
            drop(waiting);
            assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
        }
    }
}

#[test]
fn a_rendezvous_value_handed_to_a_dropped_select_is_there_for_try_recv() {
    let (tx, rx) = channel(0);
    let select = Hand::waiting(async {
        select! { v = <-rx => v }
    });
    tx.try_send(1).unwrap();
    drop(select);
    assert_eq!((rx.len(), rx.try_recv()), (1, Ok(1)));
}

/// What was sent by a select that is then dropped has been sent.
#[test]
fn a_send_that_was_taken_before_the_select_was_dropped_has_happened_once() {
    for capacity in [0, 1] {
        let (tx, rx) = of_capacity(capacity);
        for _ in 0..capacity {
            tx.try_send(0).unwrap();
        }
        let (_t, other) = channel::<u32>(0);
        let select = Hand::waiting(async {
            select! { r = tx <- 7 => r.is_ok(), _ = <-other => false }
        });
        if capacity == 1 {
            assert_eq!(rx.try_recv(), Ok(0));
        }
        let taken = rx.try_recv();
        drop(select);
        assert_eq!(taken, Ok(7));
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_waiting_send_that_is_dropped_drops_its_value_and_frees_its_turn() {
    let counter = Arc::default();
    for capacity in [0, 1] {
        let (tx, rx) = of_capacity(capacity);
        for _ in 0..capacity {
            tx.try_send(counted(&counter)).unwrap();
        }
        let (_t, other) = channel::<u32>(0);
        let select = Hand::waiting(async {
            select! { r = tx <- counted(&counter) => r.is_ok(), _ = <-other => false }
        });
        let mut later = Hand::waiting(tx.send(counted(&counter)));
        drop(select);
        assert_eq!(alive(&counter), capacity + 1, "the dropped select's value is gone");
        for _ in 0..=capacity {
            drop(rx.try_recv().unwrap());
        }
        assert!(later.woken().is_ok());
        assert_eq!(alive(&counter), 0);
        assert!(rx.try_recv().is_err());
    }
}

/// A parked send is dropped after room was made for it: its slot goes to the next sender, its value has been sent.
#[test]
fn a_granted_send_that_is_dropped_does_not_arrive_twice() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let select = Hand::waiting(async {
        select! { r = tx <- 1 => r.is_ok() }
    });
    let mut later = Hand::waiting(tx.send(2));
    assert_eq!(rx.try_recv(), Ok(0));
    drop(select);
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(later.woken(), Ok(()));
    assert_eq!(rx.try_recv(), Ok(2));
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_select_dropped_after_a_close_has_woken_it_is_harmless() {
    let counter = Arc::default();
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (ts, rs) = channel(0);
        let select = Hand::waiting(async {
            select! {
                v = <-rx => v.is_some(),
                r = ts <- counted(&counter) => r.is_ok(),
            }
        });
        tx.try_send(()).ok();
        tx.close();
        rs.close();
        drop(select);
        assert_eq!(alive(&counter), 0);
        assert_eq!(rx.try_recv().ok(), Some(()));
    }
}

#[test]
fn values_held_by_every_stage_are_dropped_once() {
    let counter = Arc::default();
    for capacity in CAPACITIES {
        for stage in 0..4 {
            let (tx, rx) = of_capacity(capacity);
            let (_t, other) = channel::<u32>(0);
            let mut hand = Hand::new(async {
                select! { v = <-rx => drop(v), _ = <-other => {} }
            });
            if stage > 0 {
                assert!(hand.poll().is_pending());
            }
            if stage > 1 {
                assert!(tx.try_send(counted(&counter)).is_ok());
            }
            if stage > 2 {
                hand.woken();
            }
            drop(hand);
            drop((tx, rx));
            assert_eq!(alive(&counter), 0);
        }
    }
}

/// A leaked select stays a waiter and may keep one value; the channel goes on.
#[test]
fn a_forgotten_select_keeps_one_value_at_most() {
    for capacity in BUFFERED {
        let (tx, rx) = of_capacity(capacity);
        let chan = rx.clone();
        let mut select = Box::pin(async move {
            select! { v = <-chan => v }
        });
        assert!(super::probe::once(select.as_mut()).is_pending());
        std::mem::forget(select);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

/// Receiving selects are started and dropped at random: every value is received exactly once.
#[test]
fn selects_that_are_dropped_at_random_lose_and_duplicate_nothing() {
    const VALUES: usize = 20_000;
    on_many_threads(|| async {
        for capacity in CAPACITIES {
            let (ta, a) = of_capacity::<usize>(capacity);
            let (tb, b) = of_capacity(capacity);
            let seen: Arc<Vec<AtomicUsize>> = Arc::new((0..VALUES).map(|_| AtomicUsize::new(0)).collect());
            let receivers: Vec<_> = (0..3)
                .map(|me| {
                    go!(clone(a, b, seen) {
                        let mut random = fastrand::Rng::with_seed(me);
                        loop {
                            let polls = random.u32(..3);
                            let mut round = std::pin::pin!(async {
                                select! { Some(v) = <-a => Ok(v), Some(v) = <-b => Ok(v), closed => Err(()) }
                            });
                            // It gets a few polls, then it is dropped.
                            let mut left = polls;
                            let got = std::future::poll_fn(|cx| match round.as_mut().poll(cx) {
                                std::task::Poll::Ready(got) => std::task::Poll::Ready(Some(got)),
                                std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
                                std::task::Poll::Pending => { left -= 1; std::task::Poll::Pending }
                            })
                            .await;
                            match got {
                                Some(Ok(v)) => { seen[v].fetch_add(1, Ordering::Relaxed); }
                                Some(Err(())) => break,
                                None => tokio::task::yield_now().await,
                            }
                        }
                    })
                })
                .collect();
            let senders: Vec<_> = [ta, tb]
                .into_iter()
                .enumerate()
                .map(|(me, tx)| go! { for n in 0..VALUES / 2 { tx <- (2 * n + me) else { return }; } })
                .collect();
            for task in senders {
                task.await.unwrap();
            }
            for task in receivers {
                task.await.unwrap();
            }
            assert!(seen.iter().all(|n| n.load(Ordering::Relaxed) == 1));
        }
    });
}

/// Sending selects that lend their value: what was not sent is still there, what was sent arrives once.
#[test]
fn lent_values_of_dropped_rounds_are_sent_exactly_once() {
    const VALUES: usize = 5_000;
    on_each_runtime(|| async {
        for capacity in [0, 1, 7] {
            let (ta, a) = of_capacity(capacity);
            let (tb, b) = of_capacity(capacity);
            let sender = go! {
                for n in 0..VALUES {
                    let mut pending = n;
                    loop {
                        select! {
                            biased;
                            ta <- mut pending => break,
                            tb <- pending => break,
                            closed => return,
                            else => tokio::task::yield_now().await,
                        }
                    }
                }
            };
            let mut count = vec![0; VALUES];
            for _ in 0..VALUES {
                let v = select! { Some(v) = <-a => v, Some(v) = <-b => v, closed => panic!("a value is missing") };
                count[v] += 1;
            }
            sender.await.unwrap();
            assert!(count.iter().all(|&n| n == 1));
        }
    });
}

/// Tasks that wait in a select are cancelled: their arms leave with them.
#[test]
fn a_cancelled_task_leaves_its_select() {
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let (tx, rx) = of_capacity(capacity);
            let (_t, other) = channel::<u32>(0);
            let (entered, waits) = channel(1);
            let task = go!(clone(rx, other) {
                entered.send(()).await.unwrap();
                select! { v = <-rx => v, v = <-other => v }
            });
            vela!(<-waits).unwrap();
            tokio::task::yield_now().await;
            task.cancel();
            assert!(vela!(<-task).unwrap_err().is_cancelled());
            let mut receive = Hand::waiting(rx.recv());
            tx.try_send(5).unwrap();
            assert_eq!(receive.woken(), Some(5));
        }
    });
}
