//! `tx <- mut v`: the value is moved only if the arm wins.

use std::sync::Arc;

use vela::prelude::*;

use crate::select::probe::{CAPACITIES, Counted, Hand, alive, counted, now, of_capacity, on_each_runtime};

fn full(n: usize) -> (Sender<String>, Receiver<String>) {
    let (tx, rx) = channel(n);
    for _ in 0..n {
        tx.try_send(String::new()).unwrap();
    }
    (tx, rx)
}

#[test]
fn the_winner_moves_the_value() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut receive = Hand::waiting(rx.recv());
        let pending = now(async {
            let mut pending = String::from("first");
            select! {
                tx <- mut pending => pending = String::from("next"),
                closed => unreachable!(),
            }
            pending
        });
        assert_eq!(pending, "next", "the body may fill it again");
        assert_eq!(receive.woken().as_deref(), Some("first"));
    }
}

#[test]
fn a_losing_arm_has_the_value_back_first_thing() {
    for capacity in [0, 1, 7] {
        let (tx, _rx) = full(capacity);
        let (other, values) = channel(1);
        other.try_send(1).unwrap();
        let seen = now(async {
            let mut pending = String::from("kept");
            let seen = select! {
                tx <- mut pending => unreachable!(),
                v = <-values => { pending.push('!'); (pending.clone(), v) }
                closed => unreachable!(),
            };
            pending.push('?');
            (seen, pending)
        });
        assert_eq!(seen, (("kept!".to_owned(), Some(1)), "kept!?".to_owned()));
    }
}

#[test]
fn a_losing_arm_that_has_waited_has_the_value_back() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = full(capacity);
        let (other, values) = channel(0);
        let mut hand = Hand::waiting(async {
            let mut pending = String::from("kept");
            select! {
                tx <- mut pending => String::from("sent"),
                _ = <-values => pending,
                closed => unreachable!(),
            }
        });
        other.try_send(1).unwrap();
        assert_eq!(hand.woken(), "kept");
        assert_eq!(rx.len(), capacity);
    }
}

#[test]
fn a_value_that_was_taken_while_the_select_slept_is_gone() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = full(capacity);
        let (_other, values) = channel::<u8>(0);
        let mut hand = Hand::waiting(async {
            let mut pending = String::from("sent");
            select! {
                tx <- mut pending => { pending = String::from("next"); pending }
                _ = <-values => pending,
                closed => unreachable!(),
            }
        });
        for _ in 0..capacity {
            rx.try_recv().unwrap();
        }
        assert_eq!(rx.try_recv().as_deref(), Ok("sent"));
        assert_eq!(hand.woken(), "next");
    }
}

#[test]
fn closed_has_the_value_back() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        rx.close();
        let kept = now(async {
            let mut pending = String::from("kept");
            select! { tx <- mut pending => String::new(), closed => pending }
        });
        assert_eq!(kept, "kept");
    }
    for capacity in [0, 1, 7] {
        let (tx, rx) = full(capacity);
        let mut hand = Hand::waiting(async {
            let mut pending = String::from("kept");
            select! { tx <- mut pending => String::new(), closed => pending }
        });
        rx.close();
        assert_eq!(hand.woken(), "kept", "closed while it waited");
    }
}

#[test]
fn another_arm_has_the_value_back_after_the_lending_one_was_closed() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = full(capacity);
        let (other, values) = channel(0);
        let mut hand = Hand::waiting(async {
            let mut pending = String::from("kept");
            select! {
                tx <- mut pending => String::new(),
                Some(()) = <-values => pending,
                closed => unreachable!(),
            }
        });
        rx.close();
        assert!(hand.poll().is_pending());
        other.try_send(()).unwrap();
        assert_eq!(hand.woken(), "kept");
    }
}

#[test]
fn else_has_the_value_back() {
    for capacity in [0, 1, 7] {
        let (tx, _rx) = full(capacity);
        let kept = now(async {
            let mut pending = String::from("kept");
            select! { tx <- mut pending => String::new(), else => pending }
        });
        assert_eq!(kept, "kept");
    }
}

#[test]
fn a_false_guard_leaves_the_value_alone() {
    let (tx, rx) = channel(1);
    let off = std::hint::black_box(false);
    let pending = now(async {
        let mut pending = String::from("kept");
        select! {
            tx <- mut pending, if off => unreachable!(),
            closed => pending.push('1'),
        }
        select! {
            r = tx <- mut pending, if off => unreachable!("{r:?}"),
            _ = async {} => pending.push('2'),
        }
        select! {
            tx.clone() <- mut pending, if off => unreachable!(),
            else => pending.push('3'),
        }
        select! {
            tx.clone() <- mut pending, if !off => pending = String::from("next"),
            closed => unreachable!(),
        }
        pending
    });
    assert_eq!((pending.as_str(), rx.try_recv().as_deref()), ("next", Ok("kept123")));
}

#[test]
fn a_bound_lending_arm_fires_on_the_close_with_the_value_in_the_error() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        rx.close();
        let (got, pending) = now(async {
            let mut pending = String::from("value");
            let got = select! {
                r = tx <- mut pending => { pending = String::from("next"); r.unwrap_err().into_inner() }
                _ = std::future::pending::<()>() => pending.clone(),
            };
            (got, pending)
        });
        assert_eq!((got.as_str(), pending.as_str()), ("value", "next"));
    }
}

#[test]
fn two_values_are_lent_to_two_arms() {
    for closed_one in [false, true] {
        let (ta, a) = full(1);
        let (tb, b) = full(1);
        if closed_one {
            a.close();
        }
        let mut hand = Hand::new(async {
            let (mut x, mut y) = (String::from("x"), String::from("y"));
            select! {
                ta <- mut x => (String::from("sent"), y),
                tb <- mut y => (x, String::from("sent")),
                closed => unreachable!(),
            }
        });
        assert!(hand.poll().is_pending());
        b.try_recv().unwrap();
        assert_eq!(hand.woken(), ("x".to_owned(), "sent".to_owned()));
        assert_eq!(b.try_recv().as_deref(), Ok("y"));
    }
}

/// Whatever leaves the select early leaves the value where it was.
#[test]
fn leaving_by_an_operand_leaves_the_value_intact() {
    fn find(rx: &Receiver<u8>, there: bool) -> Option<&Receiver<u8>> {
        there.then_some(rx)
    }
    let (tx, sent) = channel(1);
    let (_t, rx) = channel::<u8>(1);
    let kept = now(async {
        let mut pending = String::from("kept");
        'left: {
            select! {
                tx <- mut pending => return String::from("sent"),
                _ = <-(match find(&rx, false) { Some(rx) => rx, None => break 'left }) => unreachable!(),
                closed => unreachable!(),
            }
        }
        pending
    });
    assert_eq!(kept, "kept");
    assert!(sent.is_empty());
}

#[test]
fn leaving_by_a_guard_leaves_the_value_intact() {
    let (tx, sent) = channel(1);
    let kept = now(async {
        let mut pending = String::from("kept");
        'left: {
            select! {
                tx <- mut pending, if std::hint::black_box(true) => return String::from("sent"),
                _ = std::future::pending::<()>(), if { if sent.is_empty() { break 'left } true } => unreachable!(),
                closed => unreachable!(),
            }
        }
        pending
    });
    assert_eq!(kept, "kept");
}

/// Sent until it is taken, without a clone.
#[test]
fn a_value_is_lent_round_after_round() {
    on_each_runtime(|| async {
        for capacity in [0, 1, 7] {
            let (tx, rx) = of_capacity(capacity);
            let (tick, ticks) = channel(0);
            let ticker = go! { for n in 0..200 { tick <- n else { return }; } };
            let sender = go! {
                let (mut next, mut seen) = (0_u32, 0);
                let mut pending = Box::new(next);
                while next < 200 || seen < 200 {
                    select! {
                        tx <- mut pending, if next < 200 => { next += 1; pending = Box::new(next); }
                        Some(_) = <-ticks => seen += 1,
                        closed => break,
                    }
                }
                (next, seen)
            };
            for n in 0..200 {
                assert_eq!(vela!(<-rx), Some(Box::new(n)));
            }
            assert_eq!(sender.await.unwrap(), (200, 200));
            ticker.await.unwrap();
        }
    });
}

#[test]
fn a_lent_value_is_dropped_once_whatever_happens() {
    let counter = Arc::default();
    for capacity in CAPACITIES {
        for stage in 0..5 {
            let (tx, rx) = of_capacity(capacity);
            if capacity != usize::MAX {
                for _ in 0..capacity {
                    assert!(tx.try_send(counted(&counter)).is_ok());
                }
            }
            let (other, values) = channel(0);
            let mut hand = Hand::new(async {
                let mut pending: Counted = counted(&counter);
                select! {
                    biased;
                    tx <- mut pending => {}
                    Some(()) = <-values => drop(pending),
                    closed => drop(pending),
                }
            });
            if stage > 0 {
                let _ = hand.poll();
            }
            match stage {
                2 => drop(other.try_send(())),
                3 => drop(rx.try_recv()),
                4 => drop(rx.close()),
                _ => {}
            }
            if stage > 2 && capacity != usize::MAX {
                other.close();
                hand.run();
            }
            drop(hand);
            drop((tx, rx));
            assert_eq!(alive(&counter), 0, "capacity {capacity}, stage {stage}");
        }
    }
}

#[test]
fn a_lent_value_can_be_of_any_kind() {
    let (ta, a) = channel(1);
    let (tb, b) = channel(1);
    let (tc, c) = channel(1);
    now(async {
        let text = String::from("borrowed");
        let mut slice: Vec<u8> = text.clone().into_bytes();
        let mut zero = ();
        let mut large = [7_u64; 500];
        select! { ta <- mut slice => {}, closed => unreachable!() }
        select! { tb <- mut zero => {}, closed => unreachable!() }
        select! { tc <- mut large => {}, closed => unreachable!() }
    });
    assert_eq!(a.try_recv().unwrap(), b"borrowed");
    assert_eq!(b.try_recv(), Ok(()));
    assert_eq!(c.try_recv().unwrap()[499], 7);
}

#[test]
fn lending_works_with_both_ends_in_one_hand_and_through_references() {
    let both = Channel::new(1);
    let by_ref: &Sender<String> = both.sender();
    now(async {
        let mut pending = String::from("a");
        select! { by_ref <- mut pending => {}, closed => unreachable!() }
        pending = String::from("b");
        select! { both <- mut pending => unreachable!(), else => pending.push('!') }
        assert_eq!(pending, "b!");
    });
    assert_eq!(both.receiver().try_recv().as_deref(), Ok("a"));
}
