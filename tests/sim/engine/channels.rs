//! Every way to send with every way to receive, over every kind of channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use vela::prelude::*;
use vela::sim::Faults;

use super::forms::{Receiving, Sending};
use super::tally::{Inbox, Tally};
use super::ways::{ALL, CAPACITIES, every, every_way, join, of_capacity, some};

/// Senders and receivers; whatever they leave when they are cancelled the body takes. With one receiver, the order is looked at
/// across all who receive.
async fn program(capacity: usize, sending: &[Sending], receiving: &[Receiving], values: usize) {
    let tally = Tally::default();
    let (tx, rx) = of_capacity(capacity);
    let start =
        |(sender, how): (usize, &Sending)| vela::task::spawn(how.run(tx.clone(), tally.clone(), sender, values));
    let senders: Vec<_> = sending.iter().enumerate().map(start).collect();
    drop(tx);
    let ordered = receiving.len() == 1;
    let inbox = if ordered { Inbox::default() } else { Inbox::in_any_order() };
    let start = |how: &Receiving| {
        let inbox = if ordered { inbox.clone() } else { Inbox::in_any_order() };
        vela::task::spawn(how.run(rx.clone(), inbox))
    };
    let receivers: Vec<_> = receiving.iter().map(start).collect();
    let mut whole = true;
    for receiver in receivers {
        whole &= join(receiver).await.is_some();
    }
    while let Some(value) = rx.recv().await {
        inbox.take(value);
    }
    for sender in senders {
        whole &= join(sender).await.is_some();
    }
    drop(rx);
    tally.settled();
    if whole {
        assert_eq!(tally.received(), sending.len() * values);
    }
}

fn matrix(capacity: usize) {
    let faults = Faults::none().spurious().cancel(1);
    for sending in Sending::EACH {
        for receiving in Receiving::EACH {
            let (sending, receiving) = ([sending], [receiving]);
            every(0, faults, || program(capacity, &sending, &receiving, 2));
            every(1, Faults::none(), || program(capacity, &sending, &receiving, 2));
        }
    }
}

#[test]
fn each_form_meets_each_other_at_capacity_0() {
    matrix(0);
}

#[test]
fn each_form_meets_each_other_at_capacity_1() {
    matrix(1);
}

#[test]
fn each_form_meets_each_other_at_capacity_2() {
    matrix(2);
}

#[test]
fn each_form_meets_each_other_on_an_unbounded_channel() {
    matrix(usize::MAX);
}

#[test]
fn one_value_in_every_way() {
    for capacity in [0, 1] {
        for (sending, receiving) in [
            (Sending::Send, Receiving::Recv),
            (Sending::From, Receiving::Race),
            (Sending::Permit, Receiving::Many),
            (Sending::Sink, Receiving::Stream),
            (Sending::Arm, Receiving::Arm),
            (Sending::Lend, Receiving::Set),
            (Sending::All, Receiving::Any),
            (Sending::Timeout, Receiving::Timeout),
        ] {
            let (sending, receiving) = ([sending], [receiving]);
            every_way(|| program(capacity, &sending, &receiving, 1));
        }
    }
}

#[test]
fn several_of_each_lose_and_duplicate_nothing() {
    for capacity in CAPACITIES {
        for turn in 0..10 {
            let sending = [Sending::EACH[turn % 9], Sending::EACH[(turn + 4) % 9]];
            let receiving = [Receiving::EACH[turn]];
            some(200, ALL, || program(capacity, &sending, &receiving, 3));
            let receiving = [Receiving::EACH[turn], Receiving::EACH[(turn + 3) % 10]];
            some(200, ALL, || program(capacity, &sending, &receiving, 3));
        }
    }
}

/// No more values are on their way than there are places and receivers to hold one each.
#[test]
fn the_capacity_is_respected() {
    for capacity in [0, 1, 2] {
        let body = || async move {
            let (tx, rx) = of_capacity(capacity);
            // Below 0 where a value is received before its sender has been told.
            let on_the_way = Arc::new(AtomicIsize::new(0));
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    go!(clone(tx, on_the_way) {
                        for n in 0..3 {
                            tx.send(n).await.unwrap();
                            let now = on_the_way.fetch_add(1, Ordering::Relaxed) + 1;
                            assert!(now <= capacity as isize + 2, "{now} values on the way");
                            assert!(tx.len() <= capacity);
                        }
                    })
                })
                .collect();
            drop(tx);
            let other = go!(clone(rx, on_the_way) {
                for _ in <-rx {
                    on_the_way.fetch_sub(1, Ordering::Relaxed);
                }
            });
            while rx.recv().await.is_some() {
                on_the_way.fetch_sub(1, Ordering::Relaxed);
            }
            vela! {
                (<-other).unwrap();
                for sender in senders { (<-sender).unwrap(); }
            }
        };
        some(500, Faults::none().spurious(), body);
    }
}

/// The place of a permit that is not used goes to who waits for one, whether the holder drops it or is cancelled with it.
#[test]
fn an_unused_permit_is_no_lost_place() {
    every_way(|| async {
        let tally = Tally::default();
        let (tx, rx) = channel(1);
        let holder = go!(clone(tx) {
            let permit = tx.reserve().await;
            vela::task::yield_now().await;
            drop(permit);
        });
        let sender = go!(clone(tally) Sending::Send.run(tx, tally, 0, 1));
        let inbox = Inbox::default();
        while let Some(value) = rx.recv().await {
            inbox.take(value);
        }
        join(holder).await;
        join(sender).await;
        tally.settled();
    });
}

/// A value that a cancelled receiver had in its hands comes before those that were sent after it.
#[test]
fn a_value_that_comes_back_keeps_its_place() {
    for capacity in CAPACITIES {
        for receiving in [Receiving::Recv, Receiving::Arm, Receiving::Set, Receiving::Any] {
            let receiving = [receiving];
            every(1, Faults::none().cancel(1), || program(capacity, &[Sending::From], &receiving, 3));
        }
    }
}

/// Of two receivers that nobody disturbs, each has the values of a sender in their order.
#[test]
fn each_of_two_receivers_sees_the_order() {
    for capacity in CAPACITIES {
        let body = || async move {
            let tally = Tally::default();
            let (tx, rx) = of_capacity(capacity);
            let sender = vela::task::spawn(Sending::Send.run(tx, tally.clone(), 0, 4));
            let one = vela::task::spawn(Receiving::Recv.run(rx.clone(), Inbox::default()));
            Receiving::Race.run(rx, Inbox::default()).await;
            join(one).await.unwrap();
            join(sender).await.unwrap();
            assert_eq!(tally.received(), 4);
            tally.settled();
        };
        every(1, Faults::none().spurious(), body);
        some(500, Faults::none().spurious().delay(), body);
    }
}
