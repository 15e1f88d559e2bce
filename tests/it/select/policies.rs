//! Send arms on channels with an overflow policy.

use vela::prelude::*;

use super::probe::{Hand, now, with_paused_clock};

fn full(overflow: Overflow) -> (Sender<u32>, Receiver<u32>) {
    let (tx, rx) = Channel::bounded(2).overflow(overflow).build().expect("a policy for a bounded channel");
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    (tx, rx)
}

#[test]
fn a_send_arm_is_always_ready_where_values_are_dropped() {
    for (overflow, left) in [(Overflow::DropOldest, [2, 3]), (Overflow::DropNewest, [1, 2])] {
        let (tx, rx) = full(overflow);
        assert!(now(async {
            select! { tx <- 3 => true, else => false }
        }));
        assert_eq!(rx.drain().collect::<Vec<_>>(), left);
        assert_eq!(tx.dropped(), 1);
        rx.close();
        assert!(now(async {
            select! { tx <- 4 => false, closed => true }
        }));
    }
}

#[test]
fn a_send_arm_waits_for_room_under_the_other_policies() {
    with_paused_clock(async {
        for overflow in [
            Overflow::Block,
            Overflow::Reject,
            Overflow::Timeout(ms(5)),
            Overflow::Retry { attempts: 1, backoff: ms(1) },
        ] {
            let (tx, rx) = full(overflow);
            assert!(select! { _ = tx <- 3 => false, else => true });
            let won = select! { _ = tx <- 3 => "sent", () = <-after(ms(1_000)) => "waited" };
            assert_eq!(won, "waited");
            let mut hand = Hand::waiting(async {
                select! { r = tx <- 3 => r }
            });
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(hand.woken(), Ok(()));
            assert_eq!(rx.drain().collect::<Vec<_>>(), [2, 3]);
        }
    });
}

#[test]
fn a_value_that_the_policy_drops_is_dropped_once() {
    let counter = std::sync::Arc::default();
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = Channel::bounded(1).overflow(overflow).build().unwrap();
        for _ in 0..10 {
            now(async {
                select! { r = tx <- super::probe::counted(&counter) => assert!(r.is_ok()) }
            });
            assert_eq!(super::probe::alive(&counter), 1);
        }
        drop(rx);
        assert_eq!(super::probe::alive(&counter), 0);
    }
}
