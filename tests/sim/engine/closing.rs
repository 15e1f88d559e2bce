//! The end of a channel: who is told, what comes back.

use vela::prelude::*;
use vela::sim::Faults;
use vela::{RecvTimeoutError, SelectSet};

use super::forms::Sending;
use super::tally::{Inbox, Tally};
use super::ways::{CAPACITIES, every, every_way, join, of_capacity};

/// Whoever waits to send gets the value back.
#[test]
fn a_close_hands_back_what_waits() {
    let body = |capacity: usize, sending: Sending, by_drop: bool| async move {
        let tally = Tally::default();
        let (tx, rx) = of_capacity(capacity);
        let sender = vela::task::spawn(sending.run(tx.clone(), tally.clone(), 0, 3));
        let inbox = Inbox::default();
        if let Ok(value) = rx.recv_timeout(ms(50)).await {
            inbox.take(value);
        }
        // What was sent is lost to all with the last receiver: that is no fault of the channel's.
        let left;
        if by_drop {
            left = rx.len();
            drop(rx);
        } else {
            left = 0;
            rx.close();
            while let Some(value) = rx.recv().await {
                inbox.take(value);
            }
        }
        assert!(tx.is_closed());
        tx.closed().await;
        join(sender).await;
        let dropped = if matches!(sending, Sending::Sink | Sending::Built) { left + 1 } else { left };
        tally.settled_with(dropped);
    };
    for capacity in CAPACITIES {
        for sending in Sending::EACH {
            for by_drop in [false, true] {
                every(1, Faults::none().spurious(), || body(capacity, sending, by_drop));
                every(0, Faults::none().cancel(1), || body(capacity, sending, by_drop));
            }
        }
    }
}

/// Whoever waits to receive is told, and so is whoever waits for the close.
#[test]
fn everybody_is_told_of_the_close() {
    for capacity in [0, 1] {
        for by_drop in [false, true] {
            let body = || async move {
                let (tx, rx) = of_capacity::<u8>(capacity);
                let plain = go!(clone(rx) { rx.recv().await.is_none() });
                let timed = go!(clone(rx) { rx.recv_timeout(secs(3600)).await == Err(RecvTimeoutError::Closed) });
                let closed = go!(clone(rx) { rx.closed().await; true });
                let arm = go!({
                    select! { v = <-rx => v.is_none() }
                });
                if by_drop {
                    drop(tx);
                } else {
                    assert!(tx.close());
                    tx.closed().await;
                    assert!(tx.send(1).await.is_err());
                    assert!(tx.reserve().await.is_err());
                }
                for task in [plain, timed, closed, arm] {
                    assert!(join(task).await.unwrap_or(true));
                }
            };
            every(0, Faults::none(), body);
            every(0, Faults::none().spurious(), body);
            every(0, Faults::none().cancel(1), body);
        }
    }
}

#[test]
fn the_last_sender_of_two_closes() {
    every_way(|| async {
        let (tx, rx) = channel::<u8>(1);
        let one = go!(clone(tx) { tx.send(1).await.ok(); });
        let weak = tx.downgrade();
        drop(tx);
        let mut got = 0;
        while rx.recv().await.is_some() {
            got += 1;
        }
        assert!(weak.upgrade().is_none());
        assert_eq!(got, u32::from(join(one).await.is_some()));
    });
}

#[test]
fn a_closed_member_of_a_set_fires_until_it_is_removed() {
    every_way(|| async {
        let (tx, rx) = channel(1);
        let (other, behind) = channel(1);
        let mut set = SelectSet::new();
        let first = set.insert(rx);
        let second = set.insert(behind);
        let task = go!({
            drop(tx);
            other.send(7).await.ok();
        });
        let mut seven = 0;
        let mut closed = 0;
        while !set.is_empty() {
            match set.recv().await {
                (i, None) => {
                    closed += 1;
                    assert!(set.remove(i).is_some());
                }
                (i, Some(v)) => {
                    assert_eq!((i, v), (second, 7));
                    seven += 1;
                }
            }
        }
        assert_ne!(first, second);
        assert_eq!(closed, 2);
        assert!(join(task).await.is_none() || seven == 1);
    });
}
