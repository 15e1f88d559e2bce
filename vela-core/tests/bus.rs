//! The event bus: topics, subscriptions, lag.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::task::noop_waker_ref;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::broadcast::TryRecvError;
use vela_core::bus::{EventBus, OnLag};
use vela_core::ops::{Receive as _, Transmit as _};
use vela_core::select::one;
use vela_core::task::{spawn, spawn_blocking, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(noop_waker_ref()))
}

#[derive(Clone, Debug, PartialEq)]
struct Joined(u8);

#[derive(Clone, Debug, PartialEq)]
struct Left(u8);

// -------------------------------------------------------------------------------------------------- topics

#[test]
fn each_type_is_a_topic_of_its_own() {
    on_both(|| async {
        let bus = EventBus::new();
        let (joined, left, also) =
            (bus.subscribe::<Joined>(), bus.subscribe::<Left>(), bus.clone().subscribe::<Joined>());
        assert_eq!((bus.publish(Joined(1)), bus.publish(Left(2)), bus.publish(3_u8)), (2, 1, 0));
        assert_eq!((bus.subscriber_count::<Joined>(), bus.subscriber_count::<u8>(), bus.topic_count()), (2, 0, 2));
        assert_eq!(joined.recv().await, Some(Ok(Joined(1))));
        assert_eq!(also.recv().await, Some(Ok(Joined(1))));
        assert_eq!(left.recv().await, Some(Ok(Left(2))));
        assert_eq!((joined.try_recv(), left.topic()), (Err(TryRecvError::Empty), None));
    });
}

#[test]
fn to_publish_what_nobody_listens_to_is_no_mistake() {
    on_both(|| async {
        let bus = EventBus::new();
        assert_eq!(bus.publish(Joined(1)), 0);
        assert!(one((&bus).transmit(Joined(1))).await.is_ok());
        let topic = bus.topic_of::<Joined>();
        assert_eq!((topic.publish(Joined(2)), bus.publish(Joined(3))), (0, 0));
        let late = bus.subscribe::<Joined>();
        assert!(one((&topic).transmit(Joined(4))).await.is_ok());
        assert_eq!(late.recv().await, Some(Ok(Joined(4))), "only what came after it");
        drop(one((&bus).transmit(Joined(5))));
        assert!(late.is_empty(), "unpolled, it publishes nothing");
    });
}

#[test]
fn a_name_is_a_topic_with_one_type() {
    let bus = EventBus::new();
    let orders = bus.topic::<u64>("orders").unwrap();
    let (by_type, other) = (bus.topic_of::<u64>(), bus.topic::<u64>("other").unwrap());
    let (all, typed, others) = (orders.subscribe(), by_type.subscribe(), other.subscribe());
    assert_eq!((bus.topic::<u64>("orders").unwrap().publish(1), bus.publish(2_u64), other.publish(3)), (1, 1, 1));
    assert_eq!((all.try_recv(), typed.try_recv(), others.try_recv()), (Ok(1), Ok(2), Ok(3)));
    let error = bus.topic::<i64>("orders").unwrap_err();
    assert_eq!(error.to_string(), "the topic `orders` has events of type `u64`, not `i64`");
    assert_eq!(
        (error.topic(), orders.name(), by_type.name(), all.topic()),
        ("orders", Some("orders"), None, Some("orders"))
    );
    assert_eq!(bus.topic_count(), 3);
    drop((orders, all));
    assert!(bus.topic::<i64>("orders").is_ok(), "nobody has it any more");
    assert!(other.bus().same_bus(&bus) && !bus.same_bus(&EventBus::default()));
}

#[test]
fn topics_that_nobody_has_leave_nothing() {
    let bus = EventBus::new();
    for n in 0..100 {
        let topic = bus.topic::<Joined>(&format!("room {n}")).unwrap();
        let clone = topic.clone();
        let (a, b) = (topic.subscribe(), clone.subscribe());
        let events = a.resubscribe().on_lag(OnLag::Skip);
        drop((topic, a, clone));
        assert_eq!(bus.topic_count(), 1);
        drop(b);
        assert_eq!(bus.topic_count(), 1);
        drop(events);
        assert_eq!(bus.topic_count(), 0);
        bus.publish(Joined(1));
        assert_eq!(bus.topic_count(), 0);
    }
}

#[test]
fn the_values_of_a_subscription_go_with_it() {
    let bus = EventBus::new();
    let token = Arc::new(());
    let (a, b) = (bus.subscribe::<Arc<()>>(), bus.subscribe::<Arc<()>>());
    bus.publish(Arc::clone(&token));
    drop(a.try_recv());
    assert_eq!(Arc::strong_count(&token), 2);
    drop(b);
    assert_eq!(Arc::strong_count(&token), 1);
}

// ----------------------------------------------------------------------------------------------------- lag

/// A bus of capacity 4 on which 10 numbers were published since.
fn lagging(policy: OnLag) -> (EventBus, vela_core::bus::Events<u32>) {
    let bus = EventBus::with_capacity(4);
    let events = bus.subscribe::<u32>().on_lag(policy);
    assert_eq!((0..10).map(|n: u32| bus.publish(n)).sum::<usize>(), 10);
    (bus, events)
}

#[test]
fn a_slow_subscriber_is_told() {
    on_both(|| async {
        let bus = EventBus::with_capacity(4);
        let slow = bus.subscribe::<u32>();
        for n in 0..10_u32 {
            bus.publish(n);
        }
        assert_eq!((slow.len(), slow.lagged_total()), (10, 0));
        assert_eq!(slow.recv().await.unwrap().unwrap_err().missed(), 6);
        assert_eq!((slow.recv().await, slow.lagged_total()), (Some(Ok(6)), 6));
        for n in 10..16_u32 {
            bus.publish(n);
        }
        assert_eq!(slow.try_recv().unwrap_err().lagged(), Some(5));
        assert_eq!((slow.try_recv(), slow.lagged_total()), (Ok(12), 11));
        assert_eq!(slow.resubscribe().lagged_total(), 0);
    });
}

#[test]
fn who_skips_goes_on_with_the_oldest_that_is_kept() {
    on_both(|| async {
        let (bus, events) = lagging(OnLag::Skip);
        assert_eq!((one((&events).receive()).await, events.lagged_total()), (Some(6), 6));
        assert_eq!((events.try_recv(), events.len()), (Ok(7), 2));
        drop(bus);
        assert!(events.is_closed());
        let mut rest = Vec::new();
        while let Some(n) = events.recv().await {
            rest.push(n);
        }
        assert_eq!((rest, events.lagged_total()), (vec![8, 9], 6));
        assert_eq!(events.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn who_wants_the_newest_gets_it_once() {
    on_both(|| async {
        let (bus, events) = lagging(OnLag::Newest);
        assert_eq!((events.recv().await, events.lagged_total()), (Some(9), 9));
        assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
        assert!(poll_once(pin!(events.recv())).is_pending());
        bus.publish(10_u32);
        assert_eq!((events.recv().await, events.lagged_total()), (Some(10), 9));
        bus.publish(11_u32);
        bus.publish(12_u32);
        drop(bus);
        assert_eq!((events.recv().await, events.recv().await), (Some(12), None));
        assert_eq!((events.policy(), events.lagged_total()), (OnLag::Newest, 10));
    });
}

#[test]
fn who_closes_when_too_slow_is_no_subscriber_any_longer() {
    on_both(|| async {
        let (bus, events) = lagging(OnLag::Close);
        let events = Arc::new(events);
        assert_eq!((events.recv().await, events.lagged_total()), (None, 6));
        assert!(events.is_closed() && events.is_empty());
        assert_eq!((events.recv().await, events.try_recv()), (None, Err(TryRecvError::Closed)));
        assert_eq!((bus.publish(10_u32), bus.subscriber_count::<u32>()), (0, 0));
        let fast = bus.subscribe::<u32>().on_lag(OnLag::Close);
        for n in 0..50_u32 {
            bus.publish(n);
            assert_eq!(fast.recv().await, Some(n));
        }
    });
}

#[test]
fn the_end_of_one_who_was_too_slow_wakes_all_who_share_it() {
    on_both(|| async {
        let bus = EventBus::with_capacity(1);
        let events = Arc::new(bus.subscribe::<u32>().on_lag(OnLag::Close));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let events = Arc::clone(&events);
                spawn(async move { while events.recv().await.is_some() {} })
            })
            .collect();
        yield_now().await;
        while bus.subscriber_count::<u32>() > 0 {
            for n in 0..10_u32 {
                bus.publish(n);
            }
            yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Not even those who share the subscription, and look in the same moment.
#[test]
fn nobody_receives_what_lies_behind_the_gap_that_ends_a_subscription() {
    const ROUNDS: usize = 20_000;
    let start = Barrier::new(2);
    let all: Vec<_> = (0..ROUNDS).map(|_| lagging(OnLag::Close)).collect();
    let look = || {
        let look = |(_, events): &(_, vela_core::bus::Events<u32>)| {
            start.wait();
            (0..3).find_map(|_| events.try_recv().ok())
        };
        all.iter().filter_map(look).collect::<Vec<_>>()
    };
    let (this, other) = std::thread::scope(|scope| {
        let other = scope.spawn(look);
        (look(), other.join().unwrap())
    });
    assert_eq!((this, other), (vec![], vec![]));
}

// ------------------------------------------------------------------------------------------- waits and ends

#[test]
fn subscriptions_end_with_the_bus_and_what_keeps_it() {
    on_both(|| async {
        let bus = EventBus::new();
        let named = bus.topic::<Joined>("named").unwrap();
        let (by_type, by_name) = (bus.subscribe::<Joined>(), named.subscribe());
        let waiting = spawn(async move { (by_type.recv().await, by_type.recv().await) });
        yield_now().await;
        let clone = bus.clone();
        drop(bus);
        clone.publish(Joined(1));
        drop(clone);
        assert_eq!(named.bus().publish(Joined(2)), 1, "a topic keeps its bus");
        named.publish(Joined(3));
        drop(named);
        let seen = waiting.await.unwrap();
        assert_eq!(seen, (Some(Ok(Joined(1))), Some(Ok(Joined(2)))));
        assert_eq!((by_name.recv().await, by_name.recv().await), (Some(Ok(Joined(3))), None));
        assert!(by_name.is_closed());
        drop(by_name.resubscribe());
    });
}

#[test]
fn the_end_of_the_bus_wakes_who_waits() {
    on_both(|| async {
        let bus = EventBus::new();
        let (told, skips) = (bus.subscribe::<Joined>(), bus.subscribe::<Joined>().on_lag(OnLag::Skip));
        let waiting = spawn(async move { (told.recv().await.is_none(), skips.recv().await) });
        yield_now().await;
        drop(bus);
        assert_eq!(waiting.await.unwrap(), (true, None));
    });
}

#[test]
fn a_dropped_receive_loses_nothing() {
    on_both(|| async {
        let bus = EventBus::new();
        let (told, skips) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Skip));
        {
            let (mut a, mut b) = (pin!(told.recv()), pin!(skips.recv()));
            assert!(poll_once(a.as_mut()).is_pending() && poll_once(b.as_mut()).is_pending());
            bus.publish(1_u8);
        }
        assert_eq!((told.recv().await, skips.recv().await), (Some(Ok(1)), Some(1)));
    });
}

#[test]
fn subscriptions_are_streams() {
    on_both(|| async {
        let bus = EventBus::new();
        let (told, newest) = (bus.subscribe::<u32>(), bus.subscribe::<u32>().on_lag(OnLag::Newest));
        let reading = spawn(async move { (told.collect::<Vec<_>>().await, newest.collect::<Vec<_>>().await) });
        for n in 0..100_u32 {
            bus.publish(n);
            if n % 5 == 0 {
                yield_now().await;
            }
        }
        drop(bus);
        let (all, newest) = reading.await.unwrap();
        assert_eq!(all.into_iter().map(Result::unwrap).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        assert_eq!(newest, [99], "it was read after all had come");
    });
}

#[test]
fn a_newest_only_subscriber_misses_no_last_event() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for _ in 0..200 {
            let bus = EventBus::with_capacity(2);
            let events = Arc::new(bus.subscribe::<u32>().on_lag(OnLag::Newest));
            let tasks: Vec<_> = (0..2)
                .map(|_| {
                    let events = Arc::clone(&events);
                    spawn(async move {
                        let mut seen = Vec::new();
                        while let Some(n) = events.recv().await {
                            seen.push(n);
                        }
                        assert!(seen.is_sorted(), "{seen:?}");
                        seen
                    })
                })
                .collect();
            for n in 0..100_u32 {
                bus.publish(n);
            }
            drop(bus);
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.unwrap());
            }
            all.sort_unstable();
            assert_eq!(all.last(), Some(&99));
            assert_eq!(all.len() as u64 + events.lagged_total(), 100, "each is received or counted");
        }
    });
}

#[test]
fn threads_can_wait_for_events() {
    on_both(|| async {
        let bus = EventBus::new();
        let (told, skips) = (bus.subscribe::<u8>(), bus.subscribe::<u8>().on_lag(OnLag::Skip));
        let thread = spawn_blocking(move || (told.recv_blocking(), skips.recv_blocking(), skips.recv_blocking()));
        yield_now().await;
        bus.publish(1_u8);
        drop(bus);
        assert_eq!(thread.await.unwrap(), (Some(Ok(1)), Some(1), None));
    });
}

#[test]
fn stress_topics_come_and_go_under_publishers() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        let bus = EventBus::with_capacity(8);
        let publishers: Vec<_> = (0..2)
            .map(|who| {
                let bus = bus.clone();
                spawn(async move {
                    for n in 0..5_000_u64 {
                        bus.publish(n);
                        bus.topic::<u64>("named").unwrap().publish(n);
                        if n % 16 == who {
                            yield_now().await;
                        }
                    }
                })
            })
            .collect();
        let subscribers: Vec<_> = (0..3)
            .map(|_| {
                let bus = bus.clone();
                spawn(async move {
                    for _ in 0..1_000 {
                        let typed = bus.subscribe::<u64>();
                        let named = bus.topic::<u64>("named").unwrap().subscribe().on_lag(OnLag::Skip);
                        yield_now().await;
                        let _ = (typed.try_recv(), named.try_recv());
                    }
                })
            })
            .collect();
        for task in publishers.into_iter().chain(subscribers) {
            task.await.unwrap();
        }
        assert_eq!(bus.topic_count(), 0);
    });
}

#[test]
fn all_goes_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    // `Send`, and not `Sync`.
    let bus = EventBus::new();
    let topic = bus.topic_of::<std::cell::Cell<u8>>();
    let (told, skips) = (topic.subscribe(), topic.subscribe().on_lag(OnLag::Skip));
    check(&bus);
    check(&topic);
    check(&told);
    check(&skips);
    check(&told.recv());
    check(&skips.recv());
}

#[test]
fn debug_says_what_it_is() {
    let bus = EventBus::new();
    let topic = bus.topic::<u8>("orders").unwrap();
    let (told, skips) = (topic.subscribe(), topic.subscribe().on_lag(OnLag::Skip));
    assert_eq!(format!("{bus:?}"), "EventBus { topics: 1, .. }");
    assert_eq!(format!("{topic:?}"), "Topic { name: Some(\"orders\"), subscribers: 2, .. }");
    assert_eq!(format!("{told:?}"), "bus::Subscription { topic: Some(\"orders\"), .. }");
    assert_eq!(format!("{skips:?}"), "bus::Events { topic: Some(\"orders\"), policy: Skip, .. }");
}
