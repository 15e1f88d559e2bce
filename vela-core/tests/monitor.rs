//! The monitors of named channels.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use vela_core::monitor::{self, ChannelSnapshot};
use vela_core::{Channel, Overflow, Receiver, Sender, block_on};

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn named(capacity: usize, name: &str) -> (Sender<u32>, Receiver<u32>) {
    Channel::bounded(capacity).name(name).build().unwrap()
}

fn line(name: &str) -> ChannelSnapshot {
    monitor::snapshot().into_iter().find(|line| line.name == name).unwrap()
}

#[test]
fn a_channel_without_a_name_has_no_monitor() {
    let (tx, rx) = vela_core::channel::<u8>(1);
    assert!(tx.monitor().is_none() && rx.monitor().is_none());
    let (tx, _rx) = Channel::<u8>::bounded(1).name("silent").monitored(false).build().unwrap();
    assert!(tx.monitor().is_none());
    assert_eq!(tx.name().as_deref(), Some("silent"));
}

/// Every way in and every way out, at every kind of capacity.
#[test]
fn what_goes_in_and_out_is_counted() {
    for capacity in [0, 1, 2, 3, 64, usize::MAX] {
        let name = format!("counted.{capacity}");
        let (tx, rx) = named(capacity, &name);
        let mut sent = 0;
        block_on(async {
            for round in 0..300u32 {
                let mut send = pin!(tx.send(round));
                let first = poll(send.as_mut());
                if round % 3 == 0 && first.is_pending() {
                    // A receiver takes it from the sender.
                    assert!(rx.recv().await.is_some());
                    send.await.unwrap();
                } else if first.is_pending() {
                    // It is cancelled.
                    continue;
                }
                sent += 1;
                if round % 5 == 0 {
                    rx.try_recv().ok();
                }
            }
            // To a receiver that waits.
            rx.drain().for_each(drop);
            let mut recv = pin!(rx.recv());
            assert!(poll(recv.as_mut()).is_pending());
            tx.try_send(7).unwrap();
            assert_eq!(recv.await, Some(7));
            sent += 1;
            if capacity > 0 {
                // In batches.
                let mut batch = (0..200).collect();
                let mut send_all = pin!(tx.send_all(&mut batch));
                let mut all = Vec::new();
                while poll(send_all.as_mut()).is_pending() {
                    rx.recv_many(&mut all, 50).await;
                }
                rx.try_recv_many(&mut all, usize::MAX);
                sent += 200;
                assert_eq!(all.len(), 200);
                // On a permit.
                tx.reserve().await.unwrap().send(1).unwrap();
                sent += 1;
            }
        });
        let monitor = tx.monitor().unwrap();
        let seen = monitor.snapshot();
        assert_eq!(seen.sent, sent, "capacity {capacity}");
        assert_eq!(seen.depth, rx.len());
        assert_eq!(seen.received, sent - rx.len() as u64, "capacity {capacity}");
        assert_eq!((seen.dropped, seen.timeouts), (0, 0));
        assert!(seen.high_water <= capacity);
    }
}

#[test]
fn the_highest_length_is_remembered() {
    let (tx, rx) = named(100, "high");
    let monitor = rx.monitor().unwrap();
    for n in 0..60 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(monitor.high_water(), 60, "also while it lasts");
    for _ in 0..50 {
        rx.try_recv().unwrap();
    }
    assert_eq!((monitor.depth(), monitor.high_water()), (10, 60));
    tx.try_send(1).unwrap();
    rx.drain().for_each(drop);
    assert_eq!((monitor.depth(), monitor.high_water()), (0, 60));
}

#[test]
fn how_full_it_is() {
    let (tx, _rx) = named(10, "full");
    let monitor = tx.monitor().unwrap();
    for n in 0..8 {
        assert!(!monitor.is_saturated(0.8));
        tx.try_send(n).unwrap();
    }
    assert!(monitor.is_saturated(0.8) && !monitor.is_saturated(0.9));
    assert_eq!(monitor.usage_percent(), Some(80.0));
    let (tx, _rx) = named(0, "full.rendezvous");
    let monitor = tx.monitor().unwrap();
    assert!(!monitor.is_saturated(0.0) && monitor.usage_percent().is_none());
    let (tx, _rx) = Channel::<u8>::unbounded().name("full.unbounded").build().unwrap();
    tx.try_send(1).unwrap();
    let monitor = tx.monitor().unwrap();
    assert_eq!((monitor.capacity(), monitor.usage_percent()), (None, None));
}

/// At every small capacity: when it starts, that it lasts until it is relieved, and starts again.
#[test]
fn saturation_has_hysteresis() {
    for capacity in 1..=10 {
        let (tx, rx) = named(capacity, &format!("hysteresis.{capacity}"));
        let monitor = tx.monitor().unwrap();
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (from, until) = ((capacity as f64 * 0.8).ceil() as usize, (capacity as f64 * 0.5).floor() as usize);
        let until = until.min(from - 1);
        for round in 1..=3 {
            for len in 1..=capacity {
                tx.try_send(0).unwrap();
                assert_eq!(monitor.is_in_saturation(), len >= from, "{len} of {capacity}, filling");
            }
            for len in (0..capacity).rev() {
                rx.try_recv().unwrap();
                assert_eq!(monitor.is_in_saturation(), len > until, "{len} of {capacity}, emptying");
            }
            assert_eq!(monitor.snapshot().saturations, round, "capacity {capacity}");
        }
    }
}

/// What changes all the time is not followed each time, and is right all the same whenever somebody looks.
#[test]
fn a_flutter_is_seen_rightly() {
    let (tx, rx) = named(1, "flutter");
    let monitor = tx.monitor().unwrap();
    for n in 0..10_000 {
        tx.try_send(n).unwrap();
        assert!(monitor.is_in_saturation());
        rx.try_recv().unwrap();
        assert!(!monitor.is_in_saturation());
    }
    let seen = monitor.snapshot();
    assert_eq!((seen.sent, seen.received, seen.high_water), (10_000, 10_000, 1));
    assert!((16..=10_000).contains(&seen.saturations), "{}", seen.saturations);
}

#[test]
fn what_a_policy_drops_is_counted_and_is_not_received() {
    let (tx, rx) = Channel::bounded(3).name("oldest").overflow(Overflow::DropOldest).build().unwrap();
    for n in 0..10 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(rx.drain().collect::<Vec<_>>(), [7, 8, 9]);
    let seen = line("oldest");
    assert_eq!((seen.sent, seen.received, seen.dropped), (10, 3, 7));

    let (tx, rx) = Channel::bounded(3).name("newest").overflow(Overflow::DropNewest).build().unwrap();
    for n in 0..10 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2]);
    let seen = line("newest");
    assert_eq!((seen.sent, seen.received, seen.dropped), (3, 3, 7));
}

#[test]
fn what_gives_up_is_counted() {
    let (tx, rx) = Channel::bounded(1).name("reject").overflow(Overflow::Reject).build().unwrap();
    block_on(async {
        tx.send(1).await.unwrap();
        tx.send(2).await.unwrap_err();
        tx.try_send(3).unwrap_err();
        tx.try_reserve().unwrap_err();
        tx.send_timeout(4, Duration::from_millis(1)).await.unwrap_err();
        rx.recv().await.unwrap();
        rx.recv_timeout(Duration::from_millis(1)).await.unwrap_err();
    });
    let seen = line("reject");
    assert_eq!((seen.sent, seen.received, seen.rejected, seen.timeouts), (1, 1, 3, 2));

    let overflow = Overflow::Retry { attempts: 2, backoff: Duration::from_millis(1) };
    let (tx, _rx) = Channel::bounded(1).name("retry").overflow(overflow).build().unwrap();
    let overflow = Overflow::Timeout(Duration::from_millis(1));
    let (late, _late_rx) = Channel::bounded(1).name("timeout").overflow(overflow).build().unwrap();
    block_on(async {
        tx.send(1).await.unwrap();
        tx.send(2).await.unwrap_err();
        late.send(1).await.unwrap();
        late.send(2).await.unwrap_err();
    });
    assert_eq!((line("retry").rejected, line("retry").timeouts), (1, 0));
    assert_eq!((line("timeout").rejected, line("timeout").timeouts), (0, 1));
}

#[test]
fn values_that_nobody_received_do_not_count_as_received() {
    let (tx, rx) = named(5, "discarded");
    for n in 0..5 {
        tx.try_send(n).unwrap();
    }
    rx.try_recv().unwrap();
    drop(rx);
    let seen = line("discarded");
    assert_eq!((seen.sent, seen.received, seen.depth), (5, 1, 0));
}

/// A value that was handed to a receiver which then goes away is in the channel again, and is received once.
#[test]
fn a_value_that_comes_back_is_received_once() {
    let (tx, rx) = named(2, "back");
    {
        let mut recv = pin!(rx.recv());
        assert!(poll(recv.as_mut()).is_pending());
        tx.try_send(1).unwrap();
    }
    let monitor = tx.monitor().unwrap();
    assert_eq!((monitor.depth(), monitor.snapshot().received), (1, 0));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((monitor.depth(), monitor.snapshot().received), (0, 1));
}

#[test]
fn channels_of_one_name_are_added_up_and_stay_when_they_go() {
    let (one, one_rx) = named(2, "twins");
    let (other, other_rx) = named(3, "twins");
    one.try_send(1).unwrap();
    other.try_send(1).unwrap();
    other.try_send(2).unwrap();
    let seen = line("twins");
    assert_eq!((seen.channels, seen.depth, seen.capacity, seen.sent, seen.high_water), (2, 3, Some(5), 3, 2));
    other_rx.try_recv().unwrap();
    drop((other, other_rx));
    let seen = line("twins");
    assert_eq!((seen.channels, seen.depth, seen.capacity), (1, 1, Some(2)));
    assert_eq!((seen.sent, seen.received, seen.high_water), (3, 1, 2));
    drop((one, one_rx));
    assert_eq!((line("twins").channels, line("twins").sent), (0, 3));
}

/// More names than are remembered come and go; those of channels that live stay.
#[test]
fn names_of_the_past_do_not_pile_up() {
    let (tx, _rx) = named(1, "long-lived");
    for n in 0..3000 {
        drop(named(1, &format!("short-lived.{n}")));
    }
    tx.try_send(1).unwrap();
    assert_eq!(line("long-lived").sent, 1);
    let left = monitor::snapshot().into_iter().filter(|line| line.name.starts_with("short-lived.")).count();
    assert!(left <= 1024, "{left}");
}

#[test]
fn the_time_in_the_channel_is_measured() {
    let (tx, rx) = named(1000, "time");
    for n in 0..1000 {
        tx.try_send(n).unwrap();
    }
    std::thread::sleep(Duration::from_millis(30));
    rx.drain().for_each(drop);
    for n in 0..1000 {
        tx.try_send(n).unwrap();
        rx.try_recv().unwrap();
    }
    let seen = line("time").in_queue;
    assert!(seen.max >= Duration::from_millis(30), "the first value was there that long: {seen:?}");
    assert!(seen.count >= 900 && seen.count <= 2000, "each sample stands for those before it: {seen:?}");
}

#[test]
fn the_time_that_sends_wait_is_measured() {
    let (tx, rx) = named(1, "blocked");
    block_on(async {
        tx.send(0).await.unwrap();
        for n in 0..20 {
            let mut send = pin!(tx.send(n));
            assert!(poll(send.as_mut()).is_pending());
            vela_core::time::sleep(Duration::from_millis(2)).await;
            if n % 2 == 0 {
                rx.recv().await.unwrap();
                send.await.unwrap();
            }
        }
    });
    let seen = line("blocked");
    assert_eq!((seen.waits, seen.blocked.count), (20, 20), "also of those that were cancelled");
    assert!(
        seen.blocked.total >= Duration::from_millis(40) && seen.blocked.p50 >= Duration::from_millis(2),
        "{seen:?}"
    );
}

/// Threads on one channel: nothing is lost in the counters.
#[test]
fn counters_are_exact_under_contention() {
    for capacity in [0, 1, 7, 64, usize::MAX] {
        let name = format!("contention.{capacity}");
        let (tx, rx) = named(capacity, &name);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let tx = tx.clone();
                scope.spawn(move || (0..2000).for_each(|n| tx.send_blocking(n).unwrap()));
            }
            for _ in 0..2 {
                let rx = rx.clone();
                scope.spawn(move || rx.iter_blocking().for_each(drop));
            }
            let monitor = tx.monitor().unwrap();
            drop((tx, rx));
            let mut before = monitor.snapshot();
            while before.received < 6000 {
                let seen = monitor.snapshot();
                assert!(before.sent <= seen.sent && seen.sent <= 6000, "{before:?} {seen:?}");
                assert!(seen.received <= seen.sent, "{seen:?}");
                before = seen;
                std::thread::yield_now();
            }
            assert_eq!((monitor.depth(), monitor.snapshot().sent), (0, 6000));
            assert!(monitor.high_water() <= capacity.max(1));
        });
    }
}

/// A queue of somebody else's.
#[test]
fn a_recorder_counts_as_it_is_told() {
    let recorder = monitor::Recorder::new("by.hand", Some(4));
    for _ in 0..4 {
        recorder.record_send();
    }
    recorder.record_drop();
    recorder.record_receive();
    recorder.record_timeout();
    let seen = line("by.hand");
    assert_eq!((seen.sent, seen.received, seen.depth, seen.dropped, seen.timeouts), (4, 1, 3, 1, 1));
    assert!(recorder.is_in_saturation());
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_goes_through_json() {
    let (tx, _rx) = named(4, "json");
    tx.try_send(1).unwrap();
    let seen = line("json");
    let text = serde_json::to_string(&seen).unwrap();
    assert!(text.contains(r#""name":"json""#) && text.contains(r#""p99":0.0"#), "{text}");
    assert_eq!(serde_json::from_str::<ChannelSnapshot>(&text).unwrap(), seen);
}

/// Whoever looks while values go through sees no more of them than there is room for.
#[test]
fn a_look_never_sees_more_than_there_is_room_for() {
    let (tx, rx) = named(2, "looked.at");
    let monitor = tx.monitor().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || (0..200_000).for_each(|n| tx.send_blocking(n).unwrap()));
        let receives = scope.spawn(move || rx.iter_blocking().count());
        while !receives.is_finished() {
            let (depth, high) = (monitor.depth(), monitor.high_water());
            assert!(depth <= 2 && high <= 2, "{depth} {high}");
        }
        assert_eq!(receives.join().unwrap(), 200_000);
    });
}
