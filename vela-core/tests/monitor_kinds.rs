//! The monitors of broadcasts, watches and the topics of a bus.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use vela_core::bus::{EventBus, OnLag};
use vela_core::monitor::{self, ChannelSnapshot};
use vela_core::task::spawn;
use vela_core::{block_on, broadcast, watch};

fn line(name: &str) -> ChannelSnapshot {
    monitor::snapshot().into_iter().find(|line| line.name == name).unwrap()
}

fn counts(name: &str) -> (u64, u64, u64, usize) {
    let line = line(name);
    (line.sent, line.received, line.dropped, line.depth)
}

// ------------------------------------------------------------------------------------------------- broadcast

#[test]
fn without_a_name_there_is_no_monitor() {
    let (tx, rx) = broadcast::channel::<u8>(1);
    assert!(tx.monitor().is_none() && rx.monitor().is_none() && tx.subscribe().monitor().is_none());
    let (tx, rx) = watch::channel(1);
    assert!(tx.monitor().is_none() && rx.monitor().is_none() && rx.clone().monitor().is_none());
    assert!(EventBus::new().topic_of::<u8>().monitor().is_none());
}

#[test]
fn each_receiver_counts_and_the_slowest_makes_the_depth() {
    let (tx, a) = broadcast::channel_named("kinds.each", 5);
    let b = tx.subscribe();
    assert_eq!(a.monitor().unwrap().capacity(), Some(8), "as many as are kept");
    for n in 0..6 {
        tx.send(n).unwrap();
    }
    assert_eq!(counts("kinds.each"), (6, 0, 0, 6));
    for _ in 0..6 {
        a.try_recv().unwrap();
    }
    assert_eq!(counts("kinds.each"), (6, 6, 0, 6), "b has had nothing");
    b.try_recv().unwrap();
    assert_eq!(counts("kinds.each"), (6, 7, 0, 5));
    assert_eq!(tx.len(), 5, "as the channel itself says");
    let c = a.resubscribe();
    drop(b);
    assert_eq!(counts("kinds.each"), (6, 7, 0, 0), "the others have had everything");
    tx.clone().send(6).unwrap();
    assert_eq!(c.try_recv(), Ok(6));
    assert_eq!(counts("kinds.each"), (7, 8, 0, 1));
    assert_eq!(tx.monitor().unwrap().high_water(), 6);
}

#[test]
fn a_send_without_receivers_is_not_counted() {
    let (tx, rx) = broadcast::channel_named("kinds.nobody", 4);
    drop(rx);
    assert!(tx.send(1).is_err());
    assert_eq!(counts("kinds.nobody"), (0, 0, 0, 0));
}

#[test]
fn what_a_receiver_was_too_slow_for_is_dropped() {
    let (tx, slow) = broadcast::channel_named("kinds.slow", 4);
    let quick = tx.subscribe();
    for n in 0..10 {
        tx.send(n).unwrap();
        quick.try_recv().unwrap();
    }
    assert_eq!(counts("kinds.slow"), (10, 10, 0, 4), "nobody was told yet");
    assert_eq!(slow.try_recv().unwrap_err().lagged(), Some(6));
    assert_eq!(counts("kinds.slow"), (10, 10, 6, 4));
    while slow.try_recv().is_ok() {}
    assert_eq!(counts("kinds.slow"), (10, 14, 6, 0));
}

#[test]
fn a_slow_receiver_saturates_the_channel_until_it_has_caught_up() {
    let (tx, rx) = broadcast::channel_named("kinds.saturated", 10);
    let monitor = tx.monitor().unwrap();
    for n in 0..13 {
        assert!(!monitor.is_in_saturation(), "{n} of 16");
        tx.send(n).unwrap();
    }
    assert!(monitor.is_in_saturation());
    for _ in 0..4 {
        rx.try_recv().unwrap();
        assert!(monitor.is_in_saturation(), "hysteresis");
    }
    rx.try_recv().unwrap();
    assert!(!monitor.is_in_saturation(), "8 of 16");
    assert_eq!(monitor.snapshot().saturations, 1);
}

#[test]
fn a_wait_that_is_dropped_counts_nothing() {
    let (tx, rx) = broadcast::channel_named("kinds.cancelled", 4);
    block_on(async {
        drop(rx.recv());
        let waits = spawn(async move { rx.recv().await });
        vela_core::task::yield_now().await;
        tx.send(1).unwrap();
        assert_eq!(waits.await.unwrap(), Some(Ok(1)));
    });
    assert_eq!(counts("kinds.cancelled"), (1, 1, 0, 0));
}

/// Of each receiver: what was sent while it was there, it has received, missed, or has still to receive.
#[test]
fn counters_of_a_broadcast_are_exact_under_contention() {
    const SENDERS: u64 = 3;
    const EACH: u64 = 4000;
    let (tx, _) = broadcast::channel_named("kinds.contended", 16);
    let receivers: Vec<_> = (0..3).map(|_| tx.subscribe()).collect();
    let (received, missed) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for receiver in receivers {
            let (received, missed) = (&received, &missed);
            scope.spawn(move || {
                while let Some(value) = receiver.recv_blocking() {
                    match value {
                        Ok(_) => received.fetch_add(1, Relaxed),
                        Err(lagged) => missed.fetch_add(lagged.missed(), Relaxed),
                    };
                }
            });
        }
        for _ in 0..SENDERS {
            let tx = tx.clone();
            scope.spawn(move || (0..EACH).for_each(|n| assert!(tx.send(n).is_ok())));
        }
        // Some come and go, and count as much as they take.
        for _ in 0..200 {
            let visitor = tx.subscribe();
            match visitor.try_recv() {
                Ok(_) => drop(received.fetch_add(1, Relaxed)),
                Err(error) => drop(missed.fetch_add(error.lagged().unwrap_or(0), Relaxed)),
            }
        }
        drop(tx);
    });
    let (received, missed) = (received.into_inner(), missed.into_inner());
    assert_eq!(counts("kinds.contended"), (SENDERS * EACH, received, missed, 0));
    assert!(received + missed >= 3 * SENDERS * EACH);
}

/// Runs both at the same time, as nearly as it can be had.
fn at_once<A: Send, B>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    let ready = AtomicU64::new(0);
    let meet = || {
        ready.fetch_add(1, Relaxed);
        for spins in 0.. {
            if ready.load(Relaxed) == 2 {
                break;
            }
            // The other may need this core.
            if spins % 64 == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    };
    std::thread::scope(|scope| {
        let a = scope.spawn(|| {
            meet();
            a()
        });
        meet();
        let b = b();
        (a.join().unwrap(), b)
    })
}

#[test]
fn who_comes_while_a_value_is_sent_has_it_to_receive_or_has_not() {
    let (tx, others) = broadcast::channel_named("kinds.meeting", 16);
    for n in 0..2000 {
        let (_, comes) = at_once(|| tx.send(n).unwrap(), || tx.subscribe());
        others.try_recv().unwrap();
        assert_eq!(tx.monitor().unwrap().depth(), tx.len(), "round {n}");
        drop(comes);
    }
}

// ------------------------------------------------------------------------------------------------- watch

#[test]
fn changes_of_a_watch_are_counted_and_looks_are_not() {
    let (tx, rx) = watch::channel_named("kinds.watch", 0);
    assert_eq!(counts("kinds.watch"), (0, 0, 0, 0));
    tx.send(1).unwrap();
    tx.set(2);
    tx.modify(|n| *n += 1);
    assert!(!tx.modify_if(|_| false));
    assert!(tx.modify_if(|n| {
        *n += 1;
        true
    }));
    assert_eq!((rx.get(), *rx.borrow()), (4, 4));
    assert_eq!(counts("kinds.watch"), (4, 0, 0, 1));
    let other = rx.clone();
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(4), Err(watch::TryRecvError::Unchanged)));
    assert_eq!(counts("kinds.watch"), (4, 1, 0, 0), "passed over is not dropped");
    block_on(async { assert_eq!(other.recv().await, Some(4)) });
    assert_eq!(counts("kinds.watch"), (4, 2, 0, 0));
    let late = tx.subscribe();
    drop((rx, other));
    tx.send(5).unwrap();
    assert_eq!(late.try_recv(), Ok(5));
    drop(late);
    assert!(tx.send(6).is_err());
    assert_eq!(counts("kinds.watch"), (5, 3, 0, 0), "nobody was there");
}

#[test]
fn a_watch_is_never_saturated() {
    let (tx, _rx) = watch::channel_named("kinds.calm", 0);
    (0..100).for_each(|n| tx.send(n).unwrap());
    let monitor = tx.monitor().unwrap();
    assert_eq!((monitor.capacity(), monitor.usage_percent(), monitor.is_in_saturation()), (None, None, false));
    assert_eq!((monitor.depth(), monitor.high_water()), (1, 1));
}

#[test]
fn a_change_while_another_is_received_is_still_there() {
    let (tx, rx) = watch::channel_named("kinds.overtaken", 0);
    for n in 0..2000 {
        tx.set(n);
        at_once(|| tx.set(n + 1), || rx.try_recv().unwrap());
        assert_eq!(tx.monitor().unwrap().depth(), usize::from(rx.has_changed()), "round {n}");
        rx.mark_unchanged();
    }
}

#[test]
fn the_depth_of_a_watch_is_right_under_contention() {
    let (tx, rx) = watch::channel_named("kinds.busy", 0);
    let received = std::thread::scope(|scope| {
        let reader = scope.spawn(|| std::iter::from_fn(|| rx.recv_blocking()).count());
        for _ in 0..2 {
            let tx = tx.clone();
            scope.spawn(move || (0..5000).for_each(|n| tx.send(n).unwrap()));
        }
        drop(tx);
        reader.join().unwrap()
    });
    assert_eq!(counts("kinds.busy"), (10_000, received as u64, 0, 0));
}

// ------------------------------------------------------------------------------------------------- bus

#[derive(Clone, Debug, PartialEq)]
struct Joined(u8);

#[test]
fn topics_of_a_bus_with_a_name_are_monitored() {
    let bus = EventBus::with_name("kinds_bus", 2);
    assert_eq!((bus.name(), EventBus::new().name()), (Some("kinds_bus"), None));
    let by_type = bus.subscribe::<Joined>();
    let orders = bus.topic::<u32>("orders").unwrap();
    assert_eq!(orders.publish(0), 0, "nobody listens");
    let (skip, newest) = (orders.subscribe().on_lag(OnLag::Skip), orders.subscribe().on_lag(OnLag::Newest));
    bus.publish(Joined(1));
    (0..5).for_each(|n| assert_eq!(orders.publish(n), 2));
    assert_eq!(by_type.try_recv(), Ok(Joined(1)));
    assert_eq!(counts(&format!("kinds_bus.{}", std::any::type_name::<Joined>())), (1, 1, 0, 0));
    assert_eq!(counts("kinds_bus.orders"), (5, 0, 0, 2));
    assert_eq!(newest.try_recv(), Ok(4));
    assert_eq!(
        counts("kinds_bus.orders"),
        (5, 2, 3, 2),
        "3 are passed over because it was slow, 1 because it wants to"
    );
    assert_eq!(skip.try_recv(), Ok(3));
    assert_eq!(counts("kinds_bus.orders"), (5, 3, 6, 1));
    assert_eq!(orders.monitor().unwrap().name(), "kinds_bus.orders");
}

#[test]
fn who_ends_when_too_slow_keeps_nothing() {
    let bus = EventBus::with_name("kinds_close", 2);
    let topic = bus.topic::<u32>("t").unwrap();
    let close = topic.subscribe().on_lag(OnLag::Close);
    (0..5).for_each(|n| assert_eq!(topic.publish(n), 1));
    assert!(close.try_recv().is_err());
    assert_eq!(counts("kinds_close.t"), (5, 0, 3, 0), "what was kept for it is kept no more");
    let other = topic.subscribe();
    topic.publish(5);
    drop(close);
    assert_eq!(counts("kinds_close.t"), (6, 0, 3, 1));
    assert_eq!(other.try_recv(), Ok(5));
}

#[test]
fn a_topic_that_comes_back_goes_on_counting() {
    let bus = EventBus::with_name("kinds_back", 2);
    for round in 1..=3 {
        let events = bus.subscribe::<Joined>();
        bus.publish(Joined(0));
        assert_eq!(events.try_recv(), Ok(Joined(0)));
        drop(events);
        assert_eq!(bus.topic_count(), 0);
        let name = format!("kinds_back.{}", std::any::type_name::<Joined>());
        assert_eq!((counts(&name), line(&name).channels), ((round, round, 0, 0), 0));
    }
}
