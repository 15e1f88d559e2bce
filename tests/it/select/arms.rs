//! What an arm waits for: nil handles, closed channels, both sides of one channel, duplicates.

use vela::prelude::*;

use super::probe::{BUFFERED, CAPACITIES, Hand, now, of_capacity, on_each_runtime};

#[test]
fn a_nil_receive_arm_is_never_chosen() {
    on_each_runtime(|| async {
        let nil: Option<Receiver<u32>> = None;
        let (tx, rx) = channel(1);
        for n in 0..1_000 {
            tx.try_send(n).unwrap();
            let got = select! {
                _ = <-nil => unreachable!(),
                v = <-rx => v,
            };
            assert_eq!(got, Some(n));
        }
    });
}

#[test]
fn a_nil_send_arm_is_never_chosen() {
    on_each_runtime(|| async {
        let nil: Option<Sender<u32>> = None;
        let (tx, rx) = channel(1);
        for n in 0..1_000 {
            select! {
                nil <- n => unreachable!(),
                r = tx <- n => r.unwrap(),
            }
            assert_eq!(rx.try_recv(), Ok(n));
        }
    });
}

#[test]
fn nil_arms_are_not_ready_for_else() {
    let (nil_rx, nil_tx): (Option<Receiver<u8>>, Option<Sender<u8>>) = (None, None);
    let got = now(async {
        select! {
            _ = <-nil_rx => 1,
            _ = nil_tx <- 1 => 2,
            else => 3,
        }
    });
    assert_eq!(got, 3);
}

#[test]
fn a_select_of_nil_arms_without_closed_waits_for_ever() {
    let (nil_rx, nil_tx): (Option<Receiver<u8>>, Option<Sender<u8>>) = (None, None);
    let mut hand = Hand::new(async {
        select! {
            v = <-nil_rx => v.is_some(),
            r = nil_tx <- 1 => r.is_ok(),
        }
    });
    for _ in 0..10 {
        assert!(hand.poll().is_pending());
    }
    assert_eq!(hand.rings(), 0, "nothing can ever wake it");
}

#[test]
fn a_handle_that_is_there_works_through_the_option() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (tx, rx) = (Some(tx), Some(rx));
        let mut receive = Hand::waiting(async {
            select! { v = <-rx => v }
        });
        now(async {
            select! { tx <- 7 => {}, closed => panic!() }
        });
        assert_eq!(receive.woken(), Some(7));
    }
}

/// Go's idiom: a channel that is done becomes nil, and its arm is out of the game.
#[test]
fn an_arm_is_switched_off_by_setting_its_handle_to_none() {
    on_each_runtime(|| async {
        let (ta, ra) = channel(0);
        let (tb, rb) = channel(0);
        go! { for n in 0..100 { ta <- n else { return }; } };
        go! { for n in 0..50 { tb <- 1_000 + n else { return }; } };
        let (mut a, mut b) = (Some(ra), Some(rb));
        let (mut from_a, mut from_b) = (0, 0);
        while a.is_some() || b.is_some() {
            select! {
                v = <-a => if v.is_some() { from_a += 1 } else { a = None },
                v = <-b => if v.is_some() { from_b += 1 } else { b = None },
            }
        }
        assert_eq!((from_a, from_b), (100, 50));
    });
}

#[test]
fn a_closed_channel_is_drained_first_and_then_never_blocks() {
    for capacity in BUFFERED {
        on_each_runtime(|| async move {
            let (tx, rx) = of_capacity(capacity);
            let n = capacity.min(5);
            for value in 0..n {
                tx.try_send(value).unwrap();
            }
            assert!(tx.close());
            for value in 0..n {
                assert_eq!(select! { v = <-rx => v }, Some(value));
            }
            for _ in 0..100 {
                assert_eq!(select! { v = <-rx => v }, None);
            }
        });
    }
}

#[test]
fn a_close_wakes_a_select_that_waits() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<u8>(capacity);
        let (_t, other) = channel::<u8>(0);
        let mut hand = Hand::waiting(async {
            select! { v = <-rx => v, v = <-other => v }
        });
        assert!(tx.close());
        assert_eq!(hand.woken(), None);
    }
}

#[test]
fn a_close_wakes_a_bound_send_with_its_value() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = of_capacity(capacity);
        for _ in 0..capacity {
            tx.try_send(0).unwrap();
        }
        let mut hand = Hand::waiting(async {
            select! { r = tx <- 9 => r }
        });
        assert!(rx.close());
        let error = hand.woken().unwrap_err();
        assert_eq!((error.kind(), error.into_inner()), (vela::SendErrorKind::Closed, 9));
    }
}

#[test]
fn a_lone_select_with_both_sides_of_one_rendezvous_channel_blocks() {
    let (tx, rx) = channel(0);
    let mut hand = Hand::waiting(async {
        select! {
            _ = tx <- 1 => "sent",
            _ = <-rx => "received",
        }
    });
    for _ in 0..10 {
        assert!(hand.poll().is_pending(), "a select never meets itself");
    }
    assert_eq!(hand.rings(), 0);
    assert_eq!(rx.try_recv(), Ok(1), "but others meet it");
    assert_eq!(hand.woken(), "sent");
}

#[test]
fn a_lone_select_with_both_sides_of_one_rendezvous_channel_takes_else() {
    let (tx, rx) = channel(0);
    for _ in 0..100 {
        let got = now(async {
            select! {
                _ = tx <- 1 => "sent",
                _ = <-rx => "received",
                else => "neither",
            }
        });
        assert_eq!(got, "neither");
    }
}

#[test]
fn a_lone_select_with_both_sides_of_a_buffered_channel_sends_then_either() {
    for capacity in BUFFERED {
        let (tx, rx) = of_capacity(capacity);
        let both = async || {
            select! {
                r = tx <- 1 => { r.unwrap(); true }
                v = <-rx => { assert_eq!(v, Some(1)); false }
            }
        };
        assert!(now(both()), "there is nothing to receive yet");
        for _ in 0..1_000 {
            now(both());
            assert!(tx.len() <= capacity);
            if tx.is_empty() {
                assert!(now(both()));
            }
        }
    }
}

#[test]
fn one_channel_in_two_arms_gives_its_value_to_one_of_them() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut hand = Hand::waiting(async {
            select! { v = <-rx => v, v = <-rx => v }
        });
        tx.try_send(1).unwrap();
        assert_eq!(hand.woken(), Some(1));
        if capacity == 0 {
            assert!(tx.try_send(2).is_err(), "the other arm has left the channel");
        } else {
            tx.try_send(2).unwrap();
            assert_eq!(rx.try_recv(), Ok(2));
        }
    }
}

#[test]
fn one_channel_in_two_send_arms_gets_one_value() {
    for capacity in [0, 1] {
        let (tx, rx) = of_capacity(capacity);
        for _ in 0..capacity {
            tx.try_send(0).unwrap();
        }
        let mut hand = Hand::waiting(async {
            select! { _ = tx <- 1 => 1, _ = tx <- 2 => 2 }
        });
        for _ in 0..capacity {
            assert_eq!(rx.try_recv(), Ok(0));
        }
        if capacity == 0 {
            let got = rx.try_recv().unwrap();
            assert_eq!(hand.woken(), got);
        } else {
            let sent = hand.woken();
            assert_eq!(rx.try_recv(), Ok(sent));
        }
        assert!(rx.try_recv().is_err(), "the other value was not sent");
    }
}

#[test]
fn a_select_of_one_arm_is_the_operation_alone() {
    on_each_runtime(|| async {
        for capacity in CAPACITIES {
            let (tx, rx) = of_capacity(capacity);
            let task = go! {
                for n in 0..200 {
                    select! { r = tx <- n => r.unwrap() }
                }
            };
            for n in 0..200 {
                assert_eq!(select! { v = <-rx => v }, Some(n));
            }
            task.await.unwrap();
        }
    });
}

/// Senders and receivers that wait, of all capacities, meet selects of either side.
#[test]
fn a_select_takes_from_parked_senders_in_order() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = of_capacity(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        let mut parked: Vec<_> = (capacity..capacity + 3).map(|n| Hand::waiting(tx.send(n))).collect();
        for n in 0..capacity + 3 {
            assert_eq!(
                now(async {
                    select! { v = <-rx => v }
                }),
                Some(n)
            );
        }
        for send in &mut parked {
            assert_eq!(send.woken(), Ok(()));
        }
    }
}

#[test]
fn zero_sized_and_huge_values_pass_through_selects() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity::<()>(capacity);
        let mut hand = Hand::waiting(async {
            select! { v = <-rx => v }
        });
        tx.try_send(()).unwrap();
        assert_eq!(hand.woken(), Some(()));

        let (tx, rx) = of_capacity::<[u64; 1_000]>(capacity);
        let mut hand = Hand::waiting(async {
            select! { v = <-rx => v }
        });
        tx.try_send(std::array::from_fn(|i| i as u64)).unwrap();
        assert_eq!(hand.woken().map(|v| v[999]), Some(999));
    }
}
