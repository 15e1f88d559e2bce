//! Permits: a place first, the value later.

use vela::{Channel, Overflow, SendErrorKind, TryRecvError, TryReserveError, channel, unbounded};

use super::by_hand::{ByHand, at_once, parked};
use super::runtimes::on_both_runtimes;

#[test]
fn a_permit_holds_a_place() {
    let (tx, rx) = channel(2);
    let permit = tx.try_reserve().unwrap();
    tx.try_send(1).unwrap();
    assert!(tx.try_send(9).is_err());
    assert_eq!(tx.try_reserve().err(), Some(TryReserveError::Full));
    permit.send(2).unwrap();
    assert!(rx.drain().eq([1, 2]), "a value counts from when it is sent");
}

#[test]
fn as_many_permits_as_places() {
    let (tx, rx) = channel(5);
    let permits: Vec<_> = std::iter::from_fn(|| tx.try_reserve().ok()).collect();
    assert_eq!(permits.len(), 5);
    for (n, permit) in permits.into_iter().enumerate() {
        permit.send(n).unwrap();
    }
    assert!(tx.try_reserve().is_err());
    assert!(rx.drain().eq(0..5));
    let (tx, _rx) = unbounded::<u8>();
    let permits: Vec<_> = (0..1000).map(|_| tx.try_reserve().unwrap()).collect();
    assert_eq!(permits.len(), 1000);
}

#[test]
fn a_dropped_permit_returns_its_place_to_the_next_sender() {
    for by_reserve in [false, true] {
        let (tx, rx) = channel(1);
        let permit = tx.try_reserve().unwrap();
        let mut first = parked(tx.send(1));
        let mut second = parked(tx.reserve());
        drop(permit);
        assert_eq!((first.wakes(), second.wakes()), (1, 0));
        assert!(tx.try_send(9).is_err(), "no barging");
        first.ready().unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(second.wakes(), 1);
        if by_reserve {
            drop(second.ready().unwrap());
        } else {
            // Granted, never polled.
            drop(second);
        }
        tx.try_send(2).unwrap();
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

/// While a permit holds the room, a sender and a receiver can both wait; who returns the room must bring them together.
#[test]
fn a_dropped_permit_brings_a_waiting_sender_and_a_waiting_receiver_together() {
    for capacity in [1, 3] {
        let (tx, rx) = channel(capacity);
        let permits: Vec<_> = (0..capacity).map(|_| tx.try_reserve().unwrap()).collect();
        let mut senders: Vec<_> = (0..capacity).map(|n| parked(tx.send(n))).collect();
        let mut receivers: Vec<_> = (0..capacity).map(|_| ByHand::new(rx.recv())).collect();
        let early: Vec<_> = receivers.iter_mut().map(|receiver| receiver.poll().is_ready()).collect();
        drop(permits);
        for (n, receiver) in receivers.iter_mut().enumerate() {
            if !early[n] {
                assert_eq!(receiver.wakes(), 1, "capacity {capacity}: a wake-up was lost");
                assert_eq!(receiver.ready(), Some(n));
            }
        }
        for sender in &mut senders {
            sender.ready().unwrap();
        }
        assert!(rx.is_empty());
    }
}

/// Its place is not given to a waiting sender as well.
#[test]
fn a_sent_permit_uses_its_own_place() {
    for capacity in [2, 5] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity - 1 {
            tx.try_send(n).unwrap();
        }
        let permit = tx.try_reserve().unwrap();
        let mut send = parked(tx.send(capacity));
        permit.send(capacity - 1).unwrap();
        assert_eq!((rx.len(), send.wakes()), (capacity, 0));
        send.pending();
        assert!(rx.drain().eq(0..=capacity));
        send.ready().unwrap();
    }
}

#[test]
fn a_sent_permit_serves_the_senders_and_receivers_behind_it() {
    let (tx, rx) = channel(1);
    let permit = tx.try_reserve().unwrap();
    let mut send = parked(tx.send(2));
    let mut receivers = [ByHand::new(rx.recv()), ByHand::new(rx.recv())];
    let early = receivers.each_mut().map(|receiver| receiver.poll().is_ready());
    permit.send(1).unwrap();
    if early == [false, false] {
        assert_eq!(receivers.each_ref().map(ByHand::wakes), [1, 1]);
        assert_eq!(receivers.each_mut().map(ByHand::ready), [Some(1), Some(2)]);
    }
    send.ready().unwrap();
}

#[test]
fn a_receiver_waiting_behind_a_permit_gets_the_value_of_a_later_sender() {
    // The permit holds the only place, not the receiver.
    let (tx, rx) = channel(1);
    let permit = tx.try_reserve().unwrap();
    let mut receive = parked(rx.recv());
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(receive.ready(), Some(1));
    permit.send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn a_cancelled_reserve_passes_its_grant_on() {
    for capacity in [1, 2] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0).is_ok() {}
        let granted = parked(tx.reserve());
        let mut next = parked(tx.reserve());
        rx.try_recv().unwrap();
        assert_eq!((granted.wakes(), next.wakes()), (1, 0));
        drop(granted);
        assert_eq!(next.wakes(), 1);
        next.ready().unwrap().send(1).unwrap();
        assert_eq!(rx.drain().last(), Some(1));
    }
}

#[test]
fn a_reserve_that_is_cancelled_before_its_grant_leaves_nothing() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    drop(parked(tx.reserve()));
    drop(tx.reserve());
    rx.try_recv().unwrap();
    tx.try_send(1).unwrap();
}

#[test]
fn a_permit_fails_once_the_channel_is_closed() {
    for capacity in [1, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let permit = tx.try_reserve().unwrap();
        let other = tx.try_reserve();
        rx.close();
        let error = permit.send(1).unwrap_err();
        assert_eq!((error.kind(), error.into_inner()), (SendErrorKind::Closed, 1));
        drop(other);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }
}

// ---- capacity 0 ----

#[test]
fn at_capacity_0_a_reserve_waits_for_a_waiting_receiver() {
    let (tx, rx) = channel(0);
    assert_eq!(tx.try_reserve().err(), Some(TryReserveError::Full));
    let mut reserve = parked(tx.reserve());
    let mut receive = parked(rx.recv());
    assert_eq!(reserve.wakes(), 1);
    let permit = reserve.ready().unwrap();
    permit.send(1).unwrap();
    assert_eq!(receive.ready(), Some(1));

    let mut receive = parked(rx.recv());
    let permit = at_once(tx.reserve()).unwrap();
    assert_eq!(tx.try_reserve().err(), Some(TryReserveError::Full), "one receiver, one permit");
    permit.send(2).unwrap();
    assert_eq!(receive.ready(), Some(2));
}

#[test]
fn at_capacity_0_each_waiting_receiver_is_good_for_one_permit() {
    let (tx, rx) = channel(0);
    let mut receivers: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
    let permits: Vec<_> = std::iter::from_fn(|| tx.try_reserve().ok()).collect();
    assert_eq!(permits.len(), 3);
    for (n, permit) in permits.into_iter().enumerate() {
        permit.send(n).unwrap();
    }
    for (n, receiver) in receivers.iter_mut().enumerate() {
        assert_eq!(receiver.ready(), Some(n));
    }
}

#[test]
fn at_capacity_0_a_permit_claims_no_receiver() {
    let (tx, rx) = channel(0);
    let mut receive = parked(rx.recv());
    let permit = tx.try_reserve().unwrap();
    // Another sender may be quicker.
    tx.try_send(1).unwrap();
    assert_eq!(receive.ready(), Some(1));
    // The permit sends all the same; the value waits for the next receiver.
    permit.send(2).unwrap();
    assert_eq!(rx.len(), 1);
    assert!(tx.try_send(3).is_err());
    let mut send = parked(tx.send(3));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(2), Ok(3)));
    send.ready().unwrap();
}

#[test]
fn at_capacity_0_the_receiver_of_a_permit_may_leave() {
    let (tx, rx) = channel(0);
    let receive = parked(rx.recv());
    let permit = tx.try_reserve().unwrap();
    drop(receive);
    permit.send(1).unwrap();
    assert_eq!((rx.len(), tx.len()), (1, 1));
    assert_eq!(at_once(rx.recv()), Some(1));
    assert_eq!(rx.len(), 0);
}

#[test]
fn at_capacity_0_a_dropped_permit_passes_on_to_the_next_sender() {
    let (tx, rx) = channel(0);
    let mut receive = parked(rx.recv());
    let permit = tx.try_reserve().unwrap();
    let mut next = parked(tx.reserve());
    drop(permit);
    assert_eq!(next.wakes(), 1);
    next.ready().unwrap().send(1).unwrap();
    assert_eq!(receive.ready(), Some(1));
}

#[test]
fn at_capacity_0_a_permit_fails_once_closed() {
    let (tx, rx) = channel(0);
    let receive = parked(rx.recv());
    let permit = tx.try_reserve().unwrap();
    tx.close();
    assert_eq!(permit.send(1).unwrap_err().into_inner(), 1);
    drop(receive);
    assert_eq!(rx.len(), 0);
}

// ---- policies ----

#[test]
fn under_drop_policies_a_reserve_is_granted_at_once_and_holds_no_place() {
    for (policy, left) in [(Overflow::DropOldest, [2, 3]), (Overflow::DropNewest, [0, 1])] {
        let (tx, rx) = Channel::bounded(2).overflow(policy).build().unwrap();
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        let first = tx.try_reserve().unwrap();
        let second = at_once(tx.reserve()).unwrap();
        drop(tx.try_reserve().unwrap());
        first.send(2).unwrap();
        second.send(3).unwrap();
        assert!(rx.drain().eq(left), "{policy:?}");
        assert_eq!(tx.dropped(), 2);
        let late = tx.try_reserve().unwrap();
        rx.close();
        assert_eq!(late.send(4).unwrap_err().into_inner(), 4);
    }
}

#[test]
fn under_drop_policies_permits_do_not_make_the_channel_full() {
    for policy in [Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = Channel::bounded(1).overflow(policy).build().unwrap();
        let permits: Vec<_> = (0..10).map(|_| tx.try_reserve().unwrap()).collect();
        assert!(!tx.is_full());
        tx.try_send(7).unwrap();
        drop(permits);
        assert_eq!((rx.try_recv(), tx.dropped()), (Ok(7), 0));
    }
}

on_both_runtimes! {
    /// The places of a channel are never more nor less than its capacity, whatever becomes of the permits.
    async fn permits_that_are_sent_dropped_or_cancelled_lose_no_place() {
        let (tx, rx) = channel(3);
        let senders: Vec<_> = (0..6_u64)
            .map(|seed| {
                let tx = tx.clone();
                tokio::spawn(async move {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let mut sent = 0;
                    for _ in 0..2_000 {
                        match random.u8(0..3) {
                            0 => drop(tx.reserve().await.unwrap()),
                            1 => {
                                let reserve = tx.reserve();
                                tokio::select! {
                                    biased;
                                    permit = reserve => drop(permit),
                                    () = tokio::task::yield_now() => {}
                                }
                            }
                            _ => {
                                tx.reserve().await.unwrap().send(seed).unwrap();
                                sent += 1;
                            }
                        }
                    }
                    sent
                })
            })
            .collect();
        let receiver = tokio::spawn(async move {
            let mut count = 0;
            while rx.recv().await.is_some() {
                count += 1;
            }
            (count, rx)
        });
        let mut sent = 0;
        for sender in senders {
            sent += sender.await.unwrap();
        }
        // Once the receiver has caught up there are all the places, and no more.
        let places = [tx.reserve().await, tx.reserve().await, tx.reserve().await];
        assert!(tx.try_reserve().is_err());
        drop(places);
        drop(tx);
        assert_eq!(receiver.await.unwrap().0, sent);
    }
}
