//! `closed`: every arm is disabled.

use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, now, of_capacity, on_each_runtime};

#[test]
fn closed_runs_once_every_arm_is_disabled() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (tb, b) = of_capacity::<u8>(capacity);
        let mut hand = Hand::waiting(async {
            select! { Some(v) = <-a => Some(v), Some(v) = <-b => Some(v), closed => None }
        });
        ta.close();
        assert_eq!(hand.run(), None, "one arm is left");
        tb.close();
        assert_eq!(hand.woken(), None);
    }
}

#[test]
fn an_arm_that_is_left_works_after_another_was_closed() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (tb, b) = of_capacity::<u8>(capacity);
        let mut hand = Hand::waiting(async {
            select! { Some(v) = <-a => Some(v), Some(v) = <-b => Some(v), closed => None }
        });
        ta.close();
        assert!(hand.poll().is_pending());
        tb.try_send(4).unwrap();
        assert_eq!(hand.woken(), Some(4));
    }
}

/// The close and the value come before the select is polled again: it was claimed by the close, and looks anew.
#[test]
fn a_value_that_comes_after_the_close_of_another_arm_is_found() {
    for capacity in BUFFERED {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (tb, b) = of_capacity::<u8>(capacity);
        let mut hand = Hand::waiting(async {
            select! { Some(v) = <-a => Some(v), Some(v) = <-b => Some(v), closed => None }
        });
        ta.close();
        tb.try_send(4).unwrap();
        assert_eq!(hand.woken(), Some(4));
    }
}

/// At capacity 0 there is nobody to hand the value to until the select was polled again; the sender waits for that.
#[test]
fn a_sender_that_parks_after_the_close_of_another_arm_is_met() {
    let (ta, a) = channel::<u8>(0);
    let (tb, b) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! { Some(v) = <-a => Some(v), Some(v) = <-b => Some(v), closed => None }
    });
    ta.close();
    let mut send = Hand::waiting(tb.send(4));
    assert_eq!(hand.woken(), Some(4));
    assert_eq!(send.woken(), Ok(()));
}

#[test]
fn a_closed_arm_does_not_spin() {
    let (ta, a) = channel::<u8>(0);
    let (_tb, b) = channel::<u8>(0);
    ta.close();
    let mut hand = Hand::new(async {
        select! { Some(v) = <-a => Some(v), Some(v) = <-b => Some(v), closed => None }
    });
    for _ in 0..10 {
        assert!(hand.poll().is_pending());
    }
    assert_eq!(hand.rings(), 0, "a closed arm wakes nobody");
}

#[test]
fn closed_goes_before_else() {
    on_each_runtime(|| async {
        let (tx, rx) = channel::<u8>(1);
        let look = async || {
            select! {
                Some(_) = <-rx => "value",
                closed => "closed",
                else => "else",
            }
        };
        assert_eq!(look().await, "else");
        tx.try_send(1).unwrap();
        tx.close();
        assert_eq!(look().await, "value");
        for _ in 0..100 {
            assert_eq!(look().await, "closed");
        }
    });
}

#[test]
fn guards_that_are_all_false_run_closed() {
    let (tx, rx) = channel::<u8>(1);
    tx.try_send(1).unwrap();
    let off = std::hint::black_box(false);
    let got = now(async {
        select! {
            _ = <-rx, if off => "received",
            _ = tx <- 2, if off => "sent",
            _ = async {}, if off => "future",
            closed => "closed",
        }
    });
    assert_eq!((got, rx.len()), ("closed", 1));
}

#[test]
fn guards_that_are_all_false_take_else_where_there_is_no_closed() {
    let (tx, rx) = channel::<u8>(1);
    tx.try_send(1).unwrap();
    let off = std::hint::black_box(false);
    let got = now(async {
        select! { Some(_) = <-rx, if off => 1, else => 2 }
    });
    assert_eq!((got, rx.len()), (2, 1));
}

#[test]
fn none_handles_run_closed() {
    let (nil_rx, nil_tx): (Option<Receiver<u8>>, Option<Sender<u8>>) = (None, None);
    let mut hand = Hand::new(async {
        select! {
            Some(_) = <-nil_rx => "received",
            nil_tx <- 1 => "sent",
            closed => "closed",
        }
    });
    assert_eq!(hand.run(), Some("closed"), "each arm is guarded off, closed or `None`");
}

#[test]
fn none_handles_and_closed_channels_run_closed() {
    let nil: Option<Receiver<u8>> = None;
    let (tx, rx) = channel::<u8>(0);
    let off = std::hint::black_box(false);
    let mut hand = Hand::waiting(async {
        select! {
            Some(_) = <-nil => "nil",
            _ = <-rx, if off => "off",
            Some(_) = <-rx => "received",
            closed => "closed",
        }
    });
    tx.close();
    assert_eq!(hand.run(), Some("closed"));
}

#[test]
fn none_handles_with_a_bound_pattern_run_closed() {
    let nil: Option<Receiver<u8>> = None;
    let mut hand = Hand::new(async {
        select! { v = <-nil => v.map(u32::from), closed => Some(99) }
    });
    assert_eq!(hand.run(), Some(Some(99)));
}

#[test]
fn an_unbound_send_is_disabled_by_the_close() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        drop(rx);
        for _ in 0..100 {
            assert_eq!(
                now(async {
                    select! { tx <- 1 => "sent", closed => "closed" }
                }),
                "closed"
            );
        }
    }
}

#[test]
fn an_unbound_send_that_waits_is_disabled_by_the_close() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = of_capacity(capacity);
        for _ in 0..capacity {
            tx.try_send(0).unwrap();
        }
        let mut hand = Hand::waiting(async {
            select! { tx <- 1 => "sent", closed => "closed" }
        });
        drop(rx);
        assert_eq!(hand.woken(), "closed");
    }
}

#[test]
fn a_bound_arm_fires_on_the_close_and_closed_does_not_run() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<u8>(capacity);
        tx.close();
        for _ in 0..100 {
            let got = now(async {
                select! { v = <-rx => v, closed => Some(99) }
            });
            assert_eq!(got, None);
            let sent = now(async {
                select! { r = tx <- 1 => r.is_err(), closed => false }
            });
            assert!(sent);
        }
    }
}

#[test]
fn a_future_that_gives_none_disables_its_arm() {
    let (tx, rx) = channel::<u8>(1);
    let mut hand = Hand::waiting(async {
        select! {
            Some(v) = async { None::<u8> } => Some(v),
            Some(v) = <-rx => Some(v),
            closed => None,
        }
    });
    tx.close();
    assert_eq!(hand.woken(), None);
}

#[test]
fn a_future_that_has_given_none_is_not_polled_again() {
    let (tx, rx) = channel::<u8>(0);
    let mut polls = 0;
    let mut hand = Hand::new(async {
        select! {
            Some(v) = std::future::poll_fn(|_| { polls += 1; std::task::Poll::Ready(None) }) => Some(v),
            Some(v) = <-rx => Some(v),
            closed => None,
        }
    });
    for _ in 0..5 {
        assert!(hand.poll().is_pending());
    }
    tx.close();
    assert_eq!(hand.woken(), None);
    drop(hand);
    assert_eq!(polls, 1);
}

#[test]
fn a_stream_that_ends_disables_its_arm_while_the_select_waits() {
    let (feed, mut source) = tokio::sync::mpsc::unbounded_channel::<u8>();
    let mut items = futures_util::stream::poll_fn(move |cx| source.poll_recv(cx));
    let (tx, rx) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! {
            Some(v) = <-items => Some(v),
            Some(v) = <-rx => Some(v),
            closed => None,
        }
    });
    drop(feed);
    assert_eq!(hand.run(), None, "the channel is left");
    tx.try_send(3).unwrap();
    assert_eq!(hand.woken(), Some(3));
}

#[test]
fn a_loop_over_values_of_many_channels_ends_by_closed() {
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let ends: [(Sender<u64>, Receiver<u64>); 3] = std::array::from_fn(|_| of_capacity(capacity));
            for (n, (tx, _)) in ends.clone().into_iter().enumerate() {
                go! { for i in 0..300 { tx <- (n as u64) * 1_000 + i else { return }; } };
            }
            let [(ta, a), (tb, b), (tc, c)] = ends;
            drop((ta, tb, tc));
            let (mut count, mut sum) = (0, 0);
            loop {
                select! {
                    Some(v) = <-a => { count += 1; sum += v; }
                    Some(v) = <-b => { count += 1; sum += v; }
                    Some(v) = <-c => { count += 1; sum += v; }
                    closed => break,
                }
            }
            assert_eq!(count, 900);
            assert_eq!(sum, 3 * (0..300).sum::<u64>() + 300 * 3_000);
        }
    });
}
