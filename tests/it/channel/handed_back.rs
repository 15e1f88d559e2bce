//! Values handed to receivers that were then dropped: each regains its place by send order.

use vela::channel;

use super::by_hand::parked;

/// Every order of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in permutations(n - 1) {
        for at in 0..n {
            let mut longer = shorter.clone();
            longer.insert(at, n - 1);
            all.push(longer);
        }
    }
    all
}

#[test]
fn receivers_dropped_in_any_order_give_their_values_back_in_send_order() {
    for capacity in [0, 1, 3, usize::MAX] {
        for order in permutations(5) {
            let (tx, rx) = channel(capacity);
            let mut receivers: Vec<_> = (0..5).map(|_| Some(parked(rx.recv()))).collect();
            for n in 0..5 {
                tx.try_send(n).unwrap();
            }
            let buffered = capacity.min(2);
            for n in 5..5 + buffered {
                tx.try_send(n).unwrap();
            }
            for (dropped, &index) in order.iter().enumerate() {
                receivers[index] = None;
                assert_eq!(rx.len(), buffered + dropped + 1);
            }
            assert!(rx.drain().eq(0..5 + buffered), "capacity {capacity}, dropped as {order:?}");
        }
    }
}

/// Some are dropped, in any order; the others keep what they were handed.
#[test]
fn receivers_that_stay_keep_their_values() {
    for order in permutations(4) {
        for stay in 0..16_u32 {
            let (tx, rx) = channel(0);
            let mut receivers: Vec<_> = (0..4).map(|_| Some(parked(rx.recv()))).collect();
            for n in 0..4 {
                tx.try_send(n).unwrap();
            }
            for &index in &order {
                if stay & (1 << index) == 0 {
                    receivers[index] = None;
                }
            }
            let back: Vec<_> = rx.drain().collect();
            assert_eq!(back, (0..4).filter(|n| stay & (1 << n) == 0).collect::<Vec<_>>(), "{order:?}");
            for (n, receiver) in receivers.iter_mut().enumerate() {
                if let Some(receiver) = receiver {
                    assert_eq!(receiver.ready(), Some(n));
                }
            }
        }
    }
}

/// Values that come back while others wait go to them, first come first served, and keep their place when these are
/// dropped in turn.
#[test]
fn values_that_come_back_twice_keep_their_order() {
    for order in permutations(4) {
        let (tx, rx) = channel(0);
        let mut first: Vec<_> = (0..4).map(|_| Some(parked(rx.recv()))).collect();
        let mut second: Vec<_> = (0..4).map(|_| Some(parked(rx.recv()))).collect();
        for n in 0..4 {
            tx.try_send(n).unwrap();
        }
        for &index in &order {
            first[index] = None;
        }
        assert_eq!(rx.len(), 0, "those who wait have got them");
        assert!(second.iter().flatten().all(|receiver| receiver.wakes() == 1));
        for &index in order.iter().rev() {
            second[index] = None;
        }
        assert!(rx.drain().eq(0..4), "{order:?}");
    }
}

#[test]
fn what_came_back_is_before_what_waits_in_parked_sends() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = channel(capacity);
        let receivers: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
        for n in 0..3 + capacity {
            tx.try_send(n).unwrap();
        }
        let mut sends: Vec<_> = (3 + capacity..8).map(|n| parked(tx.send(n))).collect();
        drop(receivers);
        assert_eq!(rx.len(), 3 + capacity);
        assert!(rx.drain().eq(0..8), "capacity {capacity}");
        sends.iter_mut().for_each(|send| send.ready().unwrap());
    }
}

/// What comes back occupies no place: senders go on as if it had been received.
#[test]
fn what_came_back_takes_no_room_from_senders() {
    let (tx, rx) = channel(2);
    let receivers: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
    for n in 0..3 {
        tx.try_send(n).unwrap();
    }
    drop(receivers);
    assert_eq!(rx.len(), 3);
    tx.try_send(3).unwrap();
    tx.try_send(4).unwrap();
    assert!(tx.try_send(5).is_err());
    assert_eq!(rx.len(), 5);
    assert!(rx.drain().eq(0..5));
}

#[test]
fn at_capacity_0_a_sender_waits_behind_what_came_back() {
    let (tx, rx) = channel(0);
    let receive = parked(rx.recv());
    tx.try_send(1).unwrap();
    drop(receive);
    assert!(tx.try_send(2).is_err());
    let mut send = parked(tx.send(2));
    let mut first = super::by_hand::ByHand::new(rx.recv());
    assert_eq!(first.ready(), Some(1));
    assert_eq!(send.wakes(), 0);
    assert_eq!(rx.try_recv(), Ok(2));
    send.ready().unwrap();
}

#[test]
fn thousands_of_receivers_dropped_at_random_give_everything_back_in_order() {
    let mut random = fastrand::Rng::with_seed(11);
    for capacity in [0, 3, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut receivers: Vec<_> = (0..3_000).map(|_| parked(rx.recv())).collect();
        for n in 0..3_000 {
            tx.try_send(n).unwrap();
        }
        random.shuffle(&mut receivers);
        receivers.clear();
        assert_eq!(rx.len(), 3_000);
        assert!(rx.drain().eq(0..3_000));
    }
}
