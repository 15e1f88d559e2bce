//! Every kind in `for … in <-source`.

use futures_util::StreamExt as _;
use vela::bus::{EventBus, OnLag};
use vela::prelude::*;
use vela::signal;
use vela::{broadcast, oneshot, watch};

use crate::select::probe::{now, on_each_runtime};

#[test]
fn a_loop_over_each_kind_ends_with_what_it_receives_from() {
    on_each_runtime(|| async {
        let (once_tx, once) = oneshot::channel();
        let (news_tx, news) = broadcast::channel(16);
        let (state_tx, state) = watch::channel(0);
        let (setter, signal) = signal::new(0);
        let values = signal.subscribe();
        let bus = EventBus::new();
        let topic = bus.topic::<u32>("numbers").unwrap();
        let (events, skips) = (topic.subscribe(), topic.subscribe().on_lag(OnLag::Skip));
        let feeder = go!({
            once_tx.send(7).ok();
            for n in 1..=10 {
                news_tx <- n else { unreachable!() };
                state_tx <- n else { unreachable!() };
                setter <- n else { unreachable!() };
                topic <- n else { unreachable!() };
                vela::task::yield_now().await;
            }
            drop((bus, topic));
        });
        let (mut sums, mut lasts) = ([0; 4], [0; 2]);
        vela! {
            for n in <-once { sums[0] += n; }
            for n in <-news { sums[1] += n.unwrap(); }
            for n in <-state { lasts[0] = n; }
            for n in <-values { lasts[1] = n; }
            for n in <-events { sums[2] += n.unwrap(); }
            for n in <-skips { sums[3] += n; }
        }
        feeder.await.unwrap();
        assert_eq!((sums, lasts), ([7, 55, 55, 55], [10, 10]));
    });
}

#[test]
fn a_loop_that_breaks_leaves_the_rest() {
    let (_setter, signal) = signal::new(1);
    let values = signal.subscribe();
    let bus = EventBus::new();
    let events = bus.subscribe::<u8>();
    for n in 0..5_u8 {
        bus.publish(n);
    }
    now(async {
        vela! {
            for n in <-values { assert_eq!(n, 1); break; }
            for n in <-events { if n == Ok(2) { break; } }
            assert_eq!(<-events, Some(Ok(3)));
        }
    });
    assert!(!values.has_changed());
}

#[test]
fn a_loop_that_lags_is_told_and_goes_on() {
    let bus = EventBus::with_capacity(2);
    let (told, skips, closes) =
        (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Skip), bus.subscribe::<u8>().on_lag(OnLag::Close));
    for n in 0..5_u8 {
        bus.publish(n);
    }
    drop(bus);
    let (mut missed, mut got, mut skipped, mut closed) = (0, Vec::new(), Vec::new(), 0);
    now(async {
        vela! {
            for event in <-told {
                match event { Ok(n) => got.push(n), Err(lagged) => missed += lagged.missed() }
            }
            for n in <-skips { skipped.push(n); }
            for _ in <-closes { closed += 1; }
        }
    });
    assert_eq!((missed, got, skipped, closed), (3, vec![3, 4], vec![3, 4], 0));
}

/// The stream of a subscription is a source like any other stream.
#[test]
fn streams_of_subscriptions_are_sources() {
    let (setter, signal) = signal::new(1);
    let mut tens = signal.subscribe().map(|n| n * 10);
    let bus = EventBus::new();
    let mut events = bus.subscribe::<u8>().on_lag(OnLag::Skip).filter(|n| std::future::ready(n % 2 == 0));
    for n in 0..5_u8 {
        bus.publish(n);
    }
    drop((setter, bus));
    let mut all = Vec::new();
    now(async {
        vela! {
            for n in <-tens { all.push(n); }
            for n in <-events { all.push(n); }
        }
    });
    assert_eq!(all, [10, 0, 2, 4]);
}
