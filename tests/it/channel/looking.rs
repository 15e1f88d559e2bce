//! Looking at a channel.

use vela::{Channel, channel, unbounded};

use super::by_hand::parked;

#[test]
fn len_and_fullness_follow_the_buffer() {
    let (tx, rx) = channel(2);
    assert_eq!((tx.len(), rx.len()), (0, 0));
    assert!(tx.is_empty() && rx.is_empty() && !tx.is_full() && !rx.is_full());
    tx.try_send(1).unwrap();
    assert_eq!((tx.len(), rx.len()), (1, 1));
    assert!(!tx.is_empty() && !rx.is_empty() && !tx.is_full());
    tx.try_send(2).unwrap();
    assert!(tx.is_full() && rx.is_full());
    let _waiting = parked(tx.send(3));
    assert_eq!(rx.len(), 2);
    rx.try_recv().unwrap();
    assert_eq!(rx.len(), 2);
    assert!(rx.is_full());
    let _ = rx.drain().count();
    assert!(rx.is_empty() && !rx.is_full());
}

#[test]
fn permits_take_room_but_are_no_values() {
    let (tx, rx) = channel::<u32>(1);
    let permit = tx.try_reserve().unwrap();
    assert!(tx.is_full() && tx.is_empty());
    assert_eq!(rx.len(), 0);
    drop(permit);
    assert!(!tx.is_full());
}

#[test]
fn capacity_is_what_was_asked_for() {
    for capacity in [0, 1, 2, 5, 1_000_000, usize::MAX - 1] {
        let (tx, rx) = channel::<u64>(capacity);
        assert_eq!((tx.capacity(), rx.capacity()), (Some(capacity), Some(capacity)));
    }
    let (tx, rx) = unbounded::<u8>();
    assert_eq!((tx.capacity(), rx.capacity()), (None, None));
    assert!(!tx.is_full());
    let (tx, _rx) = Channel::<u8>::unbounded().build().unwrap();
    assert_eq!(tx.capacity(), None);
    let (tx, _rx) = Channel::<u8>::bounded(7).build().unwrap();
    assert_eq!(tx.capacity(), Some(7));
}

#[test]
fn ends_are_counted() {
    let (tx, rx) = channel::<u8>(1);
    let txs = vec![tx.clone(); 4];
    let rxs = vec![rx.clone(); 6];
    for (senders, receivers) in [(tx.sender_count(), tx.receiver_count()), (rx.sender_count(), rx.receiver_count())] {
        assert_eq!((senders, receivers), (5, 7));
    }
    let stream = rx.stream();
    let sink = tx.sink();
    assert_eq!((tx.sender_count(), tx.receiver_count()), (6, 8));
    drop((stream, sink, txs));
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 7));
    drop((rx, rxs));
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 0));
}

#[test]
fn same_channel_tells_channels_apart() {
    let (tx, rx) = channel::<u8>(1);
    let (other_tx, other_rx) = channel::<u8>(1);
    assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
    assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
}

#[test]
fn is_closed_shows_on_both_ends() {
    let (tx, rx) = channel(1);
    tx.try_send(1).unwrap();
    assert!(!tx.is_closed() && !rx.is_closed());
    rx.close();
    assert!(tx.is_closed() && rx.is_closed());
    assert_eq!(rx.len(), 1);
}

#[test]
fn names_are_kept() {
    let (tx, rx) = channel::<u8>(1);
    assert_eq!((tx.name(), rx.name()), (None, None));
    let (tx, rx) = Channel::<u8>::bounded(0).name("orders").build().unwrap();
    assert_eq!((tx.name().as_deref(), rx.clone().name().as_deref()), (Some("orders"), Some("orders")));
    let (tx, _rx) = Channel::<u8>::unbounded().name(String::from("events")).build().unwrap();
    assert_eq!(tx.name().as_deref(), Some("events"));
}

#[test]
fn everything_can_be_shown_without_a_value_that_can() {
    struct Opaque;
    let (tx, rx) = Channel::<Opaque>::bounded(3).name("orders").build().unwrap();
    assert!(tx.try_send(Opaque).is_ok());
    for shown in [format!("{tx:?}"), format!("{rx:?}")] {
        assert!(shown.contains("orders") && shown.contains('3') && shown.contains('1'), "{shown}");
    }
    let shown = [
        format!("{:?}", tx.downgrade()),
        format!("{:?}", rx.downgrade()),
        format!("{:?}", tx.try_reserve().ok()),
        format!("{:?}", Channel::<Opaque>::bounded(1)),
    ];
    assert!(shown.iter().all(|shown| !shown.is_empty()));
}

#[test]
fn ends_and_futures_go_between_threads_if_the_values_do() {
    fn send_sync<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}

    // `Cell` is `Send`, and not `Sync`.
    let (tx, rx) = channel::<std::cell::Cell<u8>>(1);
    send_sync(&tx);
    send_sync(&rx);
    send_sync(&tx.downgrade());
    send_sync(&rx.downgrade());
    send(&tx.send(std::cell::Cell::new(1)));
    send(&rx.recv());
    send(&tx.reserve());
    send(&rx.recv_timeout(std::time::Duration::ZERO));
    send(&tx.send_timeout(std::cell::Cell::new(1), std::time::Duration::ZERO));
    send(&tx.send_from(&mut None));
    send(&tx.send_all(&mut std::collections::VecDeque::new()));
    send(&rx.recv_many(&mut Vec::new(), 1));
    send(&rx.stream());
    send(&tx.sink());
    send(&tx.closed());
    send(&tx.try_reserve());
}
