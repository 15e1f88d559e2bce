//! Every kind as an arm that loses: it loses nothing.

use vela::bus::{EventBus, OnLag};
use vela::prelude::*;
use vela::signal;
use vela::{broadcast, oneshot, watch};

use crate::select::probe::{Hand, now, on_each_runtime};

/// Ready, and passed over: what is there stays.
#[test]
fn an_arm_that_loses_while_it_is_ready_keeps_its_value() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        let (once_tx, once) = oneshot::channel();
        let (news_tx, news) = broadcast::channel(4);
        let (state_tx, state) = watch::channel(0);
        let (setter, signal) = signal::new(0);
        let values = signal.changes();
        let bus = EventBus::new();
        let (events, newest) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Newest));
        once_tx.send(1).unwrap();
        news_tx.send(2).unwrap();
        state_tx.send(3).unwrap();
        setter.set(4);
        bus.publish(5_u8);
        for n in 0..100 {
            tx.try_send(n).unwrap();
            select! {
                biased;
                Some(v) = <-rx => assert_eq!(v, n),
                _ = <-once => unreachable!(),
                _ = <-news => unreachable!(),
                _ = <-state => unreachable!(),
                _ = <-values => unreachable!(),
                _ = <-events => unreachable!(),
                _ = <-newest => unreachable!(),
            }
        }
        vela! {
            assert_eq!((<-once, <-news, <-state, <-values), (Some(1), Some(Ok(2)), Some(3), Some(4)));
            assert_eq!((<-events, <-newest), (Some(Ok(5)), Some(5)));
        }
    });
}

/// Woken, and dropped before it could look: what came stays.
#[test]
fn an_arm_that_is_dropped_after_it_was_woken_keeps_its_value() {
    let (_tx, idle) = channel::<u8>(0);
    let (once_tx, once) = oneshot::channel();
    let (news_tx, news) = broadcast::channel(4);
    let (state_tx, state) = watch::channel(0);
    let (setter, signal) = signal::new(0);
    let values = signal.map(|n| *n).changes();
    let bus = EventBus::new();
    let (events, skips) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Skip));
    let hand = Hand::waiting(async {
        select! {
            Some(_) = <-idle => {}
            Some(_) = <-once => {}
            Some(_) = <-news => {}
            Some(_) = <-state => {}
            Some(_) = <-values => {}
            Some(_) = <-events => {}
            Some(_) = <-skips => {}
            closed => {}
        }
    });
    once_tx.send(1).unwrap();
    news_tx.send(2).unwrap();
    state_tx.send(3).unwrap();
    setter.set(4);
    bus.publish(5_u8);
    assert!(hand.rings() > 0);
    drop(hand);
    now(async {
        vela! {
            assert_eq!((<-once, <-news, <-state, <-values), (Some(1), Some(Ok(2)), Some(3), Some(4)));
            assert_eq!((<-events, <-skips), (Some(Ok(5)), Some(5)));
        }
    });
}

#[test]
fn a_sending_arm_that_loses_changes_nothing() {
    let (tx, rx) = channel(1);
    let (state_tx, state) = watch::channel(0);
    let (news_tx, news) = broadcast::channel(4);
    let (setter, signal) = signal::new(0);
    let changes = signal.changes();
    let bus = EventBus::new();
    let (topic, events) = (bus.topic_of::<u8>(), bus.subscribe::<u8>());
    now(async {
        for n in 1..=50_u8 {
            tx.try_send(n).unwrap();
            select! {
                biased;
                Some(v) = <-rx => assert_eq!(v, n),
                r = state_tx <- n => unreachable!("{r:?}"),
                r = news_tx <- n => unreachable!("{r:?}"),
                r = setter <- n => unreachable!("{r:?}"),
                r = topic <- n => unreachable!("{r:?}"),
                r = bus <- n => unreachable!("{r:?}"),
            }
        }
    });
    assert!(!state.has_changed() && news.is_empty() && !changes.has_changed() && events.is_empty());
}

/// Many selects that come and go leave nothing behind in the sources.
#[test]
fn arms_that_lose_leave_nothing() {
    let (setter, signal) = signal::new(0);
    let values = signal.changes();
    let bus = EventBus::new();
    let events = bus.subscribe::<u8>();
    let (tx, rx) = channel(1);
    now(async {
        for n in 0..1_000 {
            tx.try_send(n).unwrap();
            select! {
                biased;
                Some(_) = <-values => unreachable!(),
                Some(_) = <-events => unreachable!(),
                Some(v) = <-rx => assert_eq!(v, n),
                closed => unreachable!(),
            }
        }
    });
    assert_eq!((setter.subscription_count(), bus.topic_count(), bus.subscriber_count::<u8>()), (1, 1, 1));
    drop((values, events));
    assert_eq!((setter.subscription_count(), bus.topic_count()), (0, 0));
}
