//! FIFO, and first come first served.

use vela::{channel, unbounded};

use super::by_hand::{Bell, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};

on_both_runtimes! {
    async fn values_arrive_in_the_order_of_sending() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            let sender = tokio::spawn(async move {
                for n in 0..5_000 {
                    tx.send(n).await.unwrap();
                }
            });
            for n in 0..5_000 {
                assert_eq!(rx.recv().await, Some(n), "capacity {capacity}");
            }
            assert_eq!(rx.recv().await, None);
            sender.await.unwrap();
        }
    }

    async fn each_senders_order_is_kept_by_each_receiver() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel::<(usize, u32)>(capacity);
            for sender in 0..4 {
                let tx = tx.clone();
                tokio::spawn(async move {
                    for n in 0..2_000 {
                        tx.send((sender, n)).await.unwrap();
                    }
                });
            }
            drop(tx);
            let receivers: Vec<_> = (0..3)
                .map(|_| {
                    let rx = rx.clone();
                    tokio::spawn(async move {
                        let mut next = [0; 4];
                        let mut count = 0;
                        while let Some((sender, n)) = rx.recv().await {
                            assert!(n >= next[sender], "{n} of {sender} after {}", next[sender]);
                            next[sender] = n + 1;
                            count += 1;
                        }
                        count
                    })
                })
                .collect();
            drop(rx);
            let mut count = 0;
            for receiver in receivers {
                count += receiver.await.unwrap();
            }
            assert_eq!(count, 8_000, "capacity {capacity}");
        }
    }

    /// `left <- <-right`, link after link, for every value.
    async fn a_daisy_chain_keeps_the_order() {
        for capacity in [0, 1, 5] {
            let (first, mut last) = channel(capacity);
            for _ in 0..50 {
                let (tx, rx) = channel(capacity);
                let from = std::mem::replace(&mut last, rx);
                tokio::spawn(async move {
                    while let Some(value) = from.recv().await {
                        tx.send(value).await.unwrap();
                    }
                });
            }
            tokio::spawn(async move {
                for n in 0..200 {
                    first.send(n).await.unwrap();
                }
            });
            for n in 0..200 {
                assert_eq!(last.recv().await, Some(n), "capacity {capacity}");
            }
            assert_eq!(last.recv().await, None);
        }
    }
}

#[test]
fn waiting_senders_are_served_first_come_first_served() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        let mut senders: Vec<_> = (capacity..capacity + 10).map(|n| parked(tx.send(n))).collect();
        for n in 0..10 {
            assert_eq!(rx.try_recv(), Ok(n), "capacity {capacity}");
            let woken: Vec<_> = senders.iter().map(|sender| sender.wakes()).collect();
            let expected: Vec<_> = (0..10).map(|i| usize::from(i <= n)).collect();
            assert_eq!(woken, expected, "capacity {capacity}");
        }
        for sender in &mut senders {
            assert_eq!(sender.ready(), Ok(()));
        }
        assert_eq!(rx.drain().collect::<Vec<_>>(), (10..10 + capacity).collect::<Vec<_>>());
    }
}

#[test]
fn waiting_receivers_are_served_first_come_first_served() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut receivers: Vec<_> = (0..10).map(|_| parked(rx.recv())).collect();
        for n in 0..10 {
            tx.try_send(n).unwrap();
            let woken: Vec<_> = receivers.iter().map(|receiver| receiver.wakes()).collect();
            let expected: Vec<_> = (0..10).map(|i| usize::from(i <= n)).collect();
            assert_eq!(woken, expected, "capacity {capacity}");
        }
        // Polled in another order: what each gets was settled when it was woken.
        for (n, receiver) in receivers.iter_mut().enumerate().rev() {
            assert_eq!(receiver.ready(), Some(n), "capacity {capacity}");
        }
    }
}

#[test]
fn senders_and_places_wait_in_one_queue() {
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let mut first = parked(tx.send(1));
    let mut second = parked(tx.reserve());
    let mut third = parked(tx.send(3));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes(), third.wakes()), (1, 0, 0));
    first.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    second.ready().unwrap().send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(third.wakes(), 1);
    third.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(3));
}

#[test]
fn a_new_sender_does_not_overtake_those_that_wait() {
    for capacity in [1, 3] {
        let (tx, rx) = channel(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        let mut waiting = parked(tx.send(capacity));
        assert_eq!(rx.try_recv(), Ok(0));
        // The place is gone already, though nobody has polled the sender.
        assert!(tx.try_send(99).is_err());
        assert!(tx.try_reserve().is_err());
        let mut late = parked(tx.send(98));
        waiting.ready().unwrap();
        for n in 1..=capacity {
            assert_eq!(rx.try_recv(), Ok(n));
        }
        late.ready().unwrap();
        assert_eq!(rx.try_recv(), Ok(98));
    }
}

#[test]
fn a_new_receiver_does_not_overtake_those_that_wait() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let mut waiting = parked(rx.recv());
        tx.try_send(1).unwrap();
        assert!(rx.try_recv().is_err(), "capacity {capacity}");
        let mut late = parked(rx.recv());
        assert_eq!(waiting.ready(), Some(1));
        late.pending();
        tx.try_send(2).unwrap();
        assert_eq!(late.ready(), Some(2));
    }
}

#[test]
fn a_spurious_poll_keeps_the_place_in_the_queue() {
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        for _ in 0..capacity {
            tx.try_send(0).unwrap();
        }
        let mut first = parked(tx.send(1));
        let mut second = parked(tx.send(2));
        for _ in 0..3 {
            first.pending();
            second.pending();
            first.pending();
        }
        assert_eq!(rx.drain().collect::<Vec<_>>(), if capacity == 0 { vec![1, 2] } else { vec![0, 1, 2] });
        first.ready().unwrap();
        second.ready().unwrap();

        let mut first = parked(rx.recv());
        let mut second = parked(rx.recv());
        for _ in 0..3 {
            second.pending();
            first.pending();
        }
        tx.try_send(3).unwrap();
        tx.try_send(4).unwrap();
        assert_eq!((first.ready(), second.ready()), (Some(3), Some(4)));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    for capacity in [0, 1] {
        let (tx, rx) = channel(capacity);
        let mut receiver = parked(rx.recv());
        let moved = Bell::new();
        assert!(receiver.poll_with(&moved).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!((receiver.wakes(), moved.rings()), (0, 1));
        assert_eq!(receiver.ready(), Some(1));

        while tx.try_send(2).is_ok() {}
        let mut sender = parked(tx.send(3));
        let moved = Bell::new();
        assert!(sender.poll_with(&moved).is_pending());
        rx.try_recv().unwrap();
        assert_eq!((sender.wakes(), moved.rings()), (0, 1));
        sender.ready().unwrap();
    }
}

#[test]
fn who_leaves_the_queue_is_passed_over() {
    for leaver in 0..4 {
        let (tx, rx) = channel(0);
        let mut senders: Vec<_> = (0..4).map(|n| Some(parked(tx.send(n)))).collect();
        senders[leaver] = None;
        let left: Vec<_> = (0..4).filter(|&n| n != leaver).collect();
        assert_eq!(rx.drain().collect::<Vec<_>>(), left);

        let (tx, rx) = channel(2);
        let mut receivers: Vec<_> = (0..4).map(|_| Some(parked(rx.recv()))).collect();
        receivers[leaver] = None;
        for n in 0..3 {
            tx.try_send(n).unwrap();
        }
        let got: Vec<_> = receivers.iter_mut().flatten().map(|receiver| receiver.ready().unwrap()).collect();
        assert_eq!(got, [0, 1, 2]);
        assert!(rx.is_empty());
    }
}

#[test]
fn an_unbounded_channel_keeps_a_million_in_order() {
    let (tx, rx) = unbounded();
    for n in 0..1_000_000_u32 {
        tx.try_send(n).unwrap();
    }
    assert!(rx.drain().eq(0..1_000_000));
}
