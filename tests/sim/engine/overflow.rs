//! What a full channel does with one more value, by its policy.

use vela::prelude::*;
use vela::sim::Faults;
use vela::{SendErrorKind, Sender};

use super::tally::{Counted, Inbox, Tally};
use super::ways::{ALL, every, join, some};

async fn send(tx: Sender<Counted>, tally: Tally, sender: usize, values: usize, allowed: Option<SendErrorKind>) {
    let may_lose = tally.may_lose(1);
    for _ in 0..values {
        if let Err(error) = tx.send(tally.value(sender)).await {
            assert_eq!(Some(error.kind()), allowed);
            error.into_inner().hand_back();
        }
    }
    may_lose.lost_nothing();
}

async fn program(capacity: usize, overflow: Overflow, senders: usize) {
    let tally = Tally::default();
    let (tx, rx) = Channel::bounded(capacity).overflow(overflow).build().unwrap();
    let allowed = match overflow {
        Overflow::Reject | Overflow::Retry { .. } => Some(SendErrorKind::Full),
        Overflow::Timeout(_) => Some(SendErrorKind::TimedOut),
        _ => None,
    };
    let start = |sender| vela::task::spawn(send(tx.clone(), tally.clone(), sender, 2, allowed));
    let tasks: Vec<_> = (0..senders).map(start).collect();
    let inbox = Inbox::default();
    let receiver = go!(clone(rx, inbox) {
        for value in <-rx {
            inbox.take(value);
            sleep(ms(2)).await;
        }
    });
    drop(tx);
    join(receiver).await;
    while let Some(value) = rx.recv().await {
        inbox.take(value);
    }
    for task in tasks {
        join(task).await;
    }
    let dropped = rx.dropped() as usize;
    tally.settled_with(dropped);
    assert!(tally.dropped() >= dropped);
    assert_eq!(tally.received() + tally.handed_back() + tally.dropped(), tally.made());
}

fn policies(capacity: usize) -> Vec<Overflow> {
    let mut policies = vec![
        Overflow::Block,
        Overflow::Reject,
        Overflow::Timeout(ms(3)),
        Overflow::Retry { attempts: 2, backoff: ms(1) },
    ];
    if capacity > 0 {
        policies.extend([Overflow::DropOldest, Overflow::DropNewest]);
    }
    policies
}

#[test]
fn each_policy_loses_what_it_counts_and_nothing_else() {
    for capacity in [0, 1] {
        for overflow in policies(capacity) {
            every(2, Faults::none(), || program(capacity, overflow, 1));
            every(1, Faults::none().spurious(), || program(capacity, overflow, 1));
            every(1, Faults::none().cancel(1), || program(capacity, overflow, 1));
            every(0, Faults::none().delay(), || program(capacity, overflow, 1));
        }
    }
}

#[test]
fn two_senders_under_each_policy() {
    for capacity in [0, 1, 2] {
        for overflow in policies(capacity) {
            some(150, ALL, || program(capacity, overflow, 2));
        }
    }
}

/// Two that wait a policy's time for a channel whose receiver is late: each is told after that time, and not later.
#[test]
fn a_policy_gives_up_in_time() {
    for (overflow, time) in [
        (Overflow::Timeout(secs(60)), secs(60)),
        // 10, 20 and 40 seconds.
        (Overflow::Retry { attempts: 3, backoff: secs(10) }, secs(70)),
        (Overflow::Reject, secs(0)),
    ] {
        every(2, Faults::none().spurious(), || async move {
            let (tx, _rx) = Channel::bounded(1).overflow(overflow).build().unwrap();
            tx.send(0).await.unwrap();
            let start = vela::time::Instant::now();
            let other = go!(clone(tx) { tx.send(1).await.is_err() });
            assert!(tx.send(2).await.is_err());
            assert!(vela!(<-other).unwrap());
            assert_eq!(start.elapsed(), time);
        });
    }
}
