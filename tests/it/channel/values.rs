//! All kinds of values: of no size, of huge size, not `Sync`, with destructors that use the channel.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use vela::{Channel, Overflow, Sender, channel};

use super::by_hand::{at_once, parked};
use super::runtimes::{CAPACITIES, on_both_runtimes};
use super::tally::Tally;

#[derive(Debug, PartialEq, Clone, Copy)]
struct Nothing;

on_both_runtimes! {
    async fn values_of_no_size() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel(capacity);
            let sender = tokio::spawn(async move {
                for _ in 0..1_000 {
                    tx.send(Nothing).await.unwrap();
                }
            });
            let mut count = 0;
            while let Some(Nothing) = rx.recv().await {
                count += 1;
            }
            assert_eq!(count, 1_000, "capacity {capacity}");
            sender.await.unwrap();
        }
    }

    async fn huge_values() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel::<[u64; 4096]>(capacity);
            let sender = tokio::spawn(async move {
                for n in 0..30 {
                    Box::pin(tx.send([n; 4096])).await.unwrap();
                }
            });
            for n in 0..30 {
                let value = Box::pin(rx.recv()).await.unwrap();
                assert!(value.iter().all(|&word| word == n), "capacity {capacity}");
            }
            sender.await.unwrap();
        }
    }

    async fn values_that_are_not_sync() {
        for capacity in CAPACITIES {
            let (tx, rx) = channel::<Cell<u32>>(capacity);
            let sender = tokio::spawn(async move {
                for n in 0..100 {
                    tx.send(Cell::new(n)).await.unwrap();
                }
            });
            for n in 0..100 {
                assert_eq!(rx.recv().await.map(Cell::into_inner), Some(n));
            }
            sender.await.unwrap();
        }
    }

    async fn channels_of_channels() {
        let (tx, rx) = channel::<Sender<u32>>(0);
        let server = tokio::spawn(async move {
            while let Some(reply) = rx.recv().await {
                reply.send(7).await.unwrap();
            }
        });
        for _ in 0..100 {
            let (reply, answer) = channel(0);
            tx.send(reply).await.unwrap();
            assert_eq!(answer.recv().await, Some(7));
        }
        drop(tx);
        server.await.unwrap();
    }
}

#[test]
fn limits_hold_for_values_of_no_size() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = channel(capacity);
        assert_eq!((0..99).filter(|_| tx.try_send(Nothing).is_ok()).count(), capacity);
        assert_eq!(rx.drain().count(), capacity);
    }
}

/// On one thread values need not be `Send`.
#[test]
fn values_that_stay_on_one_thread() {
    let (tx, rx) = channel(1);
    let value = Rc::new(5);
    tx.try_send(Rc::clone(&value)).unwrap();
    let mut send = parked(tx.send(Rc::clone(&value)));
    assert_eq!(rx.drain().map(|value| *value).sum::<i32>(), 10);
    send.ready().unwrap();
    drop(send);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn borrowed_values() {
    let text = String::from("hello world");
    let (tx, rx) = channel(2);
    for word in text.split(' ') {
        tx.try_send(word).unwrap();
    }
    assert_eq!(rx.drain().collect::<Vec<_>>(), ["hello", "world"]);
}

#[test]
fn the_last_receivers_drop_drops_the_values_at_once() {
    for capacity in [1, 2, 5, usize::MAX] {
        let tally = Tally::default();
        let (tx, rx) = channel(capacity);
        let buffered = capacity.min(20);
        for n in 0..buffered {
            assert!(tx.try_send(tally.value(n as u64)).is_ok());
        }
        let other = rx.clone();
        drop(rx);
        assert_eq!(tally.alive(), buffered);
        drop(other);
        assert_eq!(tally.alive(), 0, "capacity {capacity}");
        assert!(tx.is_closed() && tx.is_empty());
    }
}

#[test]
fn the_last_receivers_drop_drops_values_that_came_back() {
    for capacity in CAPACITIES {
        let tally = Tally::default();
        let (tx, rx) = channel(capacity);
        let handed: Vec<_> = (0..3).map(|_| parked(rx.recv())).collect();
        for n in 0..3 {
            assert!(tx.try_send(tally.value(n)).is_ok());
        }
        drop(handed);
        assert_eq!(tally.alive(), 3);
        drop(rx);
        assert_eq!(tally.alive(), 0);
    }
}

#[test]
fn an_explicit_close_keeps_the_values_until_the_last_receiver_goes() {
    let tally = Tally::default();
    let (tx, rx) = channel(2);
    assert!(tx.try_send(tally.value(0)).is_ok());
    rx.close();
    drop(tx);
    assert_eq!(tally.alive(), 1);
    drop(rx);
    assert_eq!(tally.alive(), 0);
}

/// A value whose destructor looks at, sends to, and closes its own channel.
struct Nosy {
    channel: Sender<Nosy>,
    looks: Arc<std::sync::Mutex<Vec<(usize, bool)>>>,
}

impl Drop for Nosy {
    fn drop(&mut self) {
        // Would block for ever under the lock.
        self.looks.lock().unwrap().push((self.channel.len(), self.channel.is_closed()));
        self.channel.close();
        assert!(self.channel.try_reserve().is_err());
    }
}

#[test]
fn values_are_dropped_outside_the_lock() {
    let looks = Arc::default();
    let nosy = |tx: &Sender<Nosy>| Nosy { channel: tx.clone(), looks: Arc::clone(&looks) };

    // By the last receiver's drop, from the buffer.
    let (tx, rx) = channel(5);
    for _ in 0..3 {
        assert!(tx.try_send(nosy(&tx)).is_ok());
    }
    drop(rx);
    assert_eq!(std::mem::take(&mut *looks.lock().unwrap()), [(0, true); 3]);

    // Values that came back.
    let (tx, rx) = channel(0);
    let handed = parked(rx.recv());
    assert!(tx.try_send(nosy(&tx)).is_ok());
    drop(handed);
    drop(rx);
    assert_eq!(std::mem::take(&mut *looks.lock().unwrap()), [(0, true)]);

    // By policy, on every way of sending.
    for policy in [Overflow::DropOldest, Overflow::DropNewest] {
        for way in 0..4 {
            let (tx, rx) = Channel::bounded(1).overflow(policy).build().unwrap();
            assert!(tx.try_send(nosy(&tx)).is_ok());
            match way {
                0 => assert!(tx.try_send(nosy(&tx)).is_ok()),
                1 => assert!(at_once(tx.send(nosy(&tx))).is_ok()),
                2 => assert!(tx.try_reserve().unwrap().send(nosy(&tx)).is_ok()),
                _ => assert!(at_once(tx.send_all(&mut [nosy(&tx)].into())).is_ok()),
            }
            assert_eq!(std::mem::take(&mut *looks.lock().unwrap()), [(1, false)], "{policy:?}, {way}");
            drop(rx);
            looks.lock().unwrap().clear();
        }
    }

    // In a cancelled send, and in one that fails.
    let (tx, rx) = channel(0);
    drop(parked(tx.send(nosy(&tx))));
    assert_eq!(std::mem::take(&mut *looks.lock().unwrap()), [(0, false)]);
    assert!(rx.is_closed());
    drop(at_once(tx.send(nosy(&tx))));
    assert_eq!(std::mem::take(&mut *looks.lock().unwrap()), [(0, true)]);
}

/// A value that receives from the channel it is dropped from.
struct Greedy(Option<vela::WeakReceiver<Greedy>>);

impl Drop for Greedy {
    fn drop(&mut self) {
        if let Some(rx) = self.0.take().and_then(|weak| weak.upgrade()) {
            drop(rx.try_recv());
        }
    }
}

#[test]
fn a_destructor_may_receive_from_its_own_channel() {
    let (tx, rx) = channel(5);
    for _ in 0..5 {
        assert!(tx.try_send(Greedy(Some(rx.downgrade()))).is_ok());
    }
    // Each takes the next down with it.
    drop(rx.try_recv());
    assert!(rx.is_empty());
    assert!(tx.try_send(Greedy(Some(rx.downgrade()))).is_ok());
    drop(rx);
}

/// A value whose destructor panics takes neither the others nor the channel down with it.
#[test]
fn a_panicking_destructor_leaves_the_channel_usable() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "boom");
        }
    }
    let (tx, rx) = Channel::bounded(1).overflow(Overflow::DropOldest).build().unwrap();
    assert!(tx.try_send(Bomb(true)).is_ok());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tx.try_send(Bomb(false)).is_ok()));
    assert!(panic.is_err());
    assert_eq!((rx.len(), tx.dropped()), (1, 1));
    assert!(rx.try_recv().is_ok_and(|bomb| !bomb.0));
    assert!(tx.try_send(Bomb(false)).is_ok());
}
