//! Every kind as an arm that wins.

use vela::bus::{EventBus, OnLag};
use vela::prelude::*;
use vela::signal::{self, Batch};
use vela::{broadcast, oneshot, watch};

use crate::select::probe::{Hand, now, on_each_runtime};

/// All kinds in one select, each fed by a task of its own.
#[test]
fn all_kinds_are_received_in_one_select() {
    on_each_runtime(|| async {
        for _ in 0..50 {
            let (once_tx, once) = oneshot::channel();
            let (news_tx, news) = broadcast::channel(16);
            let (state_tx, state) = watch::channel(0);
            let (setter, signal) = signal::new(0);
            let values = signal.map(|n| n * 2).changes();
            let bus = EventBus::new();
            let (events, newest) = (bus.subscribe::<u32>(), bus.subscribe::<u32>().on_lag(OnLag::Newest));
            let (tx, rx) = channel(1);
            go!({
                once_tx.send(1).ok();
            });
            go!({
                for n in 1..=10 {
                    news_tx.send(n).ok();
                    vela::task::yield_now().await;
                }
            });
            go!({
                for n in 1..=10 {
                    state_tx.send(n).ok();
                    vela::task::yield_now().await;
                }
            });
            go!({ for n in 1..=10 { setter <- n else { unreachable!() }; vela::task::yield_now().await; } });
            go!({ for n in 1..=10_u32 { bus <- n else { unreachable!() }; vela::task::yield_now().await; } });
            go!({ for n in 1..=10 { tx <- n else { unreachable!() }; } });
            let (mut onces, mut all_news, mut all_events, mut all) = (0, Vec::new(), Vec::new(), Vec::new());
            let (mut last_state, mut last_value, mut last_event) = (0, 0, 0);
            loop {
                select! {
                    Some(n) = <-once => onces += n,
                    Some(n) = <-news => all_news.push(n.unwrap()),
                    Some(n) = <-state => { assert!(n > last_state); last_state = n; }
                    Some(n) = <-values => { assert!(n > last_value); last_value = n; }
                    Some(n) = <-events => all_events.push(n.unwrap()),
                    Some(n) = <-newest => { assert!(n > last_event); last_event = n; }
                    Some(n) = <-rx => all.push(n),
                    closed => break,
                }
            }
            assert_eq!((onces, last_state, last_value, last_event), (1, 10, 20, 10));
            assert_eq!((all_news, all_events, all), ((1..=10).collect(), (1..=10).collect(), (1..=10).collect()));
        }
    });
}

#[test]
fn each_of_those_that_are_ready_wins_some_time() {
    let mut wins = [0; 7];
    now(async {
        for _ in 0..700 {
            let (once_tx, once) = oneshot::channel();
            let (news_tx, news) = broadcast::channel(1);
            let (state_tx, state) = watch::channel(0);
            let (_setter, signal) = signal::new(0);
            let values = signal.subscribe();
            let bus = EventBus::new();
            let (events, newest) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Newest));
            let (tx, rx) = channel(1);
            once_tx.send(()).unwrap();
            news_tx.send(()).unwrap();
            state_tx.send(1).unwrap();
            bus.publish(1_u8);
            tx.try_send(()).unwrap();
            let won = select! {
                _ = <-once => 0,
                _ = <-news => 1,
                _ = <-state => 2,
                _ = <-values => 3,
                _ = <-events => 4,
                _ = <-newest => 5,
                _ = <-rx => 6,
            };
            wins[won] += 1;
        }
    });
    // 100 each; 50 is more than five standard deviations away.
    assert!(wins.iter().all(|n| *n > 50), "{wins:?}");
}

#[test]
fn a_signal_wakes_a_select() {
    let (setter, signal) = signal::new(1);
    let values = signal.map(|n| n * 10).distinct().changes();
    let (_tx, idle) = channel::<u8>(0);
    let wait = || async {
        select! { Some(n) = <-values => n, Some(_) = <-idle => 0, closed => 99 }
    };
    let mut hand = Hand::waiting(wait());
    setter.set(1);
    assert!(hand.poll().is_pending(), "an equal value");
    setter.set(2);
    assert_eq!(hand.woken(), 20);
    let mut hand = Hand::waiting(async {
        select! { Some(n) = <-values => n, closed => 99 }
    });
    drop(setter);
    assert_eq!(hand.woken(), 99);
}

#[test]
fn a_batch_wakes_a_select_to_see_all_of_it() {
    let (set_a, a) = signal::new(0);
    let (set_b, b) = signal::new(0);
    let both = signal::combine((a, b)).changes();
    let mut hand = Hand::waiting(async {
        select! { Some(both) = <-both => both, closed => (99, 99) }
    });
    Batch::new().set(&set_a, 1).set(&set_b, 2).commit();
    assert_eq!(hand.woken(), (1, 2));
}

#[test]
fn a_bus_wakes_a_select() {
    let bus = EventBus::new();
    let named = bus.topic::<u8>("named").unwrap();
    let (typed, by_name) = (bus.subscribe::<u8>(), named.subscribe().on_lag(OnLag::Skip));
    let wait = || async {
        select! { Some(n) = <-typed => n.unwrap(), Some(n) = <-by_name => n + 100, closed => 99 }
    };
    let mut hand = Hand::waiting(wait());
    bus.publish(1_u8);
    assert_eq!(hand.woken(), 1);
    let mut hand = Hand::waiting(wait());
    named.publish(2);
    assert_eq!(hand.woken(), 102);
    let mut hand = Hand::waiting(wait());
    drop((bus, named));
    assert_eq!(hand.woken(), 99);
}

#[test]
fn setting_and_publishing_are_arms() {
    let (setter, signal) = signal::new(0);
    let bus = EventBus::new();
    let topic = bus.topic_of::<u8>();
    let events = topic.subscribe();
    let (tx, full) = channel(1);
    tx.try_send(1).unwrap();
    now(async {
        for n in 1..=20_u8 {
            select! { r = setter <- n => { r.unwrap(); assert_eq!(signal.get(), n) } tx <- n => unreachable!() }
            select! { topic <- n => {} Some(_) = <-events => unreachable!(), closed => unreachable!() }
            assert_eq!(events.try_recv(), Ok(n));
            vela! {
                setter <- 0 else { unreachable!() };
                (bus <- n).unwrap();
                assert_eq!(<-events, Some(Ok(n)));
            }
        }
    });
    assert_eq!(full.len(), 1);
}

#[test]
fn else_runs_while_nothing_is_new() {
    let (setter, signal) = signal::new(0);
    let values = signal.subscribe();
    let bus = EventBus::new();
    let (events, newest) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Newest));
    let look = || {
        now(async {
            select! {
                Some(n) = <-values => n,
                Some(n) = <-events => n.unwrap(),
                Some(n) = <-newest => n,
                else => 99,
            }
        })
    };
    assert_eq!([look(), look()], [0, 99]);
    setter.set(1);
    assert_eq!([look(), look()], [1, 99]);
    bus.publish(7_u8);
    assert_eq!([look(), look(), look()], [7, 7, 99]);
    let none = Some(values).filter(|_| false);
    assert_eq!(
        now(async {
            select! { Some(n) = <-none => n, else => 50 }
        }),
        50
    );
}
