//! What loses has no effect, and stands in nobody's way.

use vela::prelude::*;

use super::probe::{CAPACITIES, Hand, alive, counted, of_capacity, on_each_runtime};

/// Both arms are ready: the one that lost keeps its message.
#[test]
fn an_arm_that_loses_takes_no_message() {
    on_each_runtime(|| async {
        for capacity in [1, 7, usize::MAX] {
            let (ta, a) = of_capacity(capacity);
            let (tb, b) = of_capacity(capacity);
            for n in 0..1_000 {
                ta.try_send(n).unwrap();
                tb.try_send(n).unwrap();
                select! {
                    v = <-a => { assert_eq!(v, Some(n)); assert_eq!(b.try_recv(), Ok(n)); }
                    v = <-b => { assert_eq!(v, Some(n)); assert_eq!(a.try_recv(), Ok(n)); }
                }
                assert!(a.is_empty() && b.is_empty());
            }
        }
    });
}

#[test]
fn an_arm_that_loses_sends_no_message_and_drops_its_value() {
    let counter = Default::default();
    for capacity in [1, 7, usize::MAX] {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        for _ in 0..100 {
            let done = Hand::new(async {
                select! {
                    r = ta <- counted(&counter) => r.unwrap(),
                    r = tb <- counted(&counter) => r.unwrap(),
                }
                assert_eq!(alive(&counter), 1, "the loser's value is dropped before the body");
            })
            .run();
            assert!(done.is_some());
            assert_eq!(a.len() + b.len(), 1);
            drop(a.try_recv());
            drop(b.try_recv());
            assert_eq!(alive(&counter), 0);
        }
    }
}

/// Once the body runs, nobody can meet the arms that lost.
#[test]
fn a_loser_receives_nothing_once_the_body_runs() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let (tc, c) = channel(0);
    let mut hand = Hand::waiting(async {
        select! {
            v = <-a => {
                assert!(tb.try_send(1).is_err(), "the receive has left the channel");
                assert!(c.try_recv().is_err(), "the send has left the channel");
                v
            }
            v = <-b => v,
            _ = tc <- 5 => None,
        }
    });
    ta.try_send(9).unwrap();
    assert_eq!(hand.woken(), Some(9));
}

#[test]
fn a_loser_does_not_swallow_the_wake_up_of_a_later_waiter() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::waiting(async {
            select! { v = <-a => v, v = <-b => v }
        });
        let mut later = Hand::waiting(b.recv());
        ta.try_send(1).unwrap();
        assert_eq!(select.woken(), Some(1));
        tb.try_send(2).unwrap();
        assert_eq!(later.woken(), Some(2));
    }
}

/// The select has been completed, but has not run yet: its other nodes are dead, and passed over.
#[test]
fn a_select_that_was_completed_and_has_not_run_is_passed_over() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::waiting(async {
            select! { v = <-a => v, v = <-b => v }
        });
        let mut later = Hand::waiting(b.recv());
        ta.try_send(1).unwrap();
        tb.try_send(2).unwrap();
        assert_eq!(later.woken(), Some(2), "the value is not for the select");
        assert_eq!(select.woken(), Some(1));
        assert_eq!(b.len(), 0);
    }
}

#[test]
fn a_completed_select_as_the_only_waiter_does_not_swallow_a_value() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::waiting(async {
            select! { v = <-a => v, v = <-b => v }
        });
        ta.try_send(1).unwrap();
        if capacity == 0 {
            assert!(tb.try_send(2).is_err(), "nobody waits any more");
        } else {
            tb.try_send(2).unwrap();
        }
        assert_eq!(select.woken(), Some(1));
        assert_eq!(b.try_recv().ok(), (capacity > 0).then_some(2));
    }
}

/// The same for senders: the value of a select that sent elsewhere is never received.
#[test]
fn the_value_of_a_completed_send_select_is_not_received_twice() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let mut select = Hand::waiting(async {
        select! { _ = ta <- 1 => 'a', _ = tb <- 1 => 'b' }
    });
    let mut later = Hand::waiting(tb.send(2));
    assert_eq!(a.try_recv(), Ok(1));
    assert_eq!(b.try_recv(), Ok(2), "the dead node is passed over");
    assert!(b.try_recv().is_err());
    assert_eq!(select.woken(), 'a');
    assert_eq!(later.woken(), Ok(()));
}

/// Go's `doubleselect`: queued twice on one channel and woken through another.
#[test]
fn a_task_queued_twice_on_one_channel_leaves_later_waiters_wakeable() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::waiting(async {
            select! { v = <-a => v, v = <-a => v, v = <-b => v, v = <-a => v }
        });
        let mut later: Vec<_> = (0..3).map(|_| Hand::waiting(a.recv())).collect();
        tb.try_send(0).unwrap();
        assert_eq!(select.woken(), Some(0));
        for (n, waiter) in later.iter_mut().enumerate() {
            ta.try_send(n + 1).unwrap();
            assert_eq!(waiter.woken(), Some(n + 1));
        }
    }
}

#[test]
fn a_task_queued_twice_as_a_sender_leaves_later_waiters_wakeable() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let mut select = Hand::waiting(async {
        select! { _ = ta <- 8 => 'a', _ = ta <- 9 => 'a', _ = tb <- 0 => 'b' }
    });
    let mut later: Vec<_> = (1..4).map(|n| Hand::waiting(ta.send(n))).collect();
    assert_eq!(b.try_recv(), Ok(0));
    assert_eq!(select.woken(), 'b');
    for (n, waiter) in (1..4).zip(&mut later) {
        assert_eq!(a.try_recv(), Ok(n));
        assert_eq!(waiter.woken(), Ok(()));
    }
}

/// The stress form: two tasks that always queue twice, and a third channel that wakes them.
#[test]
fn tasks_queued_twice_do_not_hang() {
    on_each_runtime(|| async {
        for capacity in [0, 1] {
            let (ta, a) = of_capacity(capacity);
            let (tb, b) = of_capacity(capacity);
            let receivers: Vec<_> = (0..2)
                .map(|_| {
                    go!(clone(a, b) {
                        let mut sum = 0_u64;
                        loop {
                            select! {
                                Some(v) = <-a => sum += v,
                                Some(v) = <-a => sum += v,
                                Some(v) = <-b => sum += v,
                                closed => break sum,
                            }
                        }
                    })
                })
                .collect();
            let senders: Vec<_> =
                [ta, tb].into_iter().map(|tx| go! { for n in 0..5_000_u64 { tx <- n else { return }; } }).collect();
            for task in senders {
                task.await.unwrap();
            }
            let mut sum = 0;
            for task in receivers {
                sum += task.await.unwrap();
            }
            assert_eq!(sum, 2 * (0..5_000_u64).sum::<u64>());
        }
    });
}

/// An arm disabled by a close leaves the game, and its case the list, while the select goes on waiting.
#[test]
fn a_disabled_send_arm_gives_its_place_up() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let mut select = Hand::waiting(async {
        select! {
            ta <- 1 => 'a',
            tb <- 2 => 'b',
            closed => 'c',
        }
    });
    a.close();
    assert!(select.poll().is_pending());
    assert!(a.try_recv().is_err());
    assert_eq!(b.try_recv(), Ok(2));
    assert_eq!(select.woken(), 'b');
}

#[test]
fn first_ready_arms_leave_later_arms_unregistered() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<u8>(capacity);
        let (tr, ready) = channel(1);
        for _ in 0..50 {
            tr.try_send(()).unwrap();
            let done = Hand::new(async {
                select! { biased; _ = <-ready => true, _ = <-rx => false }
            })
            .run();
            assert_eq!(done, Some(true));
        }
        let mut waiter = Hand::waiting(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(waiter.woken(), Some(1));
    }
}
