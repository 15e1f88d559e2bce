//! Ends that do not keep a channel open.

use vela::channel;

use super::by_hand::parked;
use super::runtimes::on_both_runtimes;

#[test]
fn a_weak_sender_does_not_keep_the_channel_open() {
    let (tx, rx) = channel(1);
    let weak = tx.downgrade();
    assert_eq!(tx.sender_count(), 1);
    let strong = weak.upgrade().unwrap();
    assert_eq!(tx.sender_count(), 2);
    assert!(strong.same_channel(&tx));
    drop(tx);
    strong.try_send(1).unwrap();
    let mut closed = parked(rx.closed());
    drop(strong);
    closed.ready();
    assert!(weak.upgrade().is_none() && weak.clone().upgrade().is_none());
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_weak_receiver_does_not_keep_the_channel_open() {
    let (tx, rx) = channel::<u8>(1);
    let weak = rx.downgrade();
    let strong = weak.upgrade().unwrap();
    assert_eq!(rx.receiver_count(), 2);
    drop(rx);
    assert!(!tx.is_closed());
    drop(strong);
    assert!(tx.is_closed());
    assert!(weak.upgrade().is_none() && weak.clone().upgrade().is_none());
}

#[test]
fn a_weak_end_outlives_the_channel() {
    let (tx, rx) = channel::<u8>(1);
    let weak = (tx.downgrade(), rx.downgrade());
    drop((tx, rx));
    assert!(weak.0.upgrade().is_none() && weak.1.upgrade().is_none());
}

#[test]
fn an_upgrade_after_an_explicit_close_gives_a_closed_end() {
    let (tx, rx) = channel::<u8>(1);
    let weak = tx.downgrade();
    rx.close();
    assert!(weak.upgrade().unwrap().try_send(1).is_err());
}

on_both_runtimes! {
    /// Either the upgrade comes first and the value arrives, or there is no sender and the channel is closed.
    async fn an_upgrade_against_the_last_drop_is_all_or_nothing() {
        for round in 0..2_000 {
            let (tx, rx) = channel(1);
            let weak = tx.downgrade();
            let upgrader = tokio::spawn(async move { weak.upgrade().map(|tx| tx.try_send(round).unwrap()) });
            drop(tx);
            let sent = upgrader.await.unwrap();
            assert_eq!(rx.recv().await, sent.map(|()| round));
            assert_eq!(rx.recv().await, None);
        }
    }
}
