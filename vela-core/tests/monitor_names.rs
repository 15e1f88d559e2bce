//! Names of monitored channels that come and go, and what is kept of them.

use vela_core::monitor::{self, ChannelSnapshot};
use vela_core::{Channel, Overflow, Receiver, Sender};

fn named(name: &str) -> (Sender<u32>, Receiver<u32>) {
    Channel::bounded(4).name(name).build().unwrap()
}

fn line(name: &str) -> Option<ChannelSnapshot> {
    monitor::snapshot().into_iter().find(|line| line.name == name)
}

/// What a name has counted is forgotten because of other names only, as many as are remembered.
#[test]
fn a_name_that_comes_and_goes_keeps_its_counts() {
    drop(named("goes once"));
    for _ in 0..3000 {
        let (tx, rx) = named("comes and goes");
        tx.try_send(1).unwrap();
        rx.try_recv().unwrap();
    }
    let seen = line("comes and goes").unwrap();
    assert_eq!((seen.channels, seen.sent, seen.received), (0, 3000, 3000));
    assert!(line("goes once").is_some(), "two names of which no channel is left");
}

/// Who looks at a channel does not keep it in the list.
#[test]
fn a_monitor_does_not_keep_its_channel_alive() {
    let (tx, rx) = named("watched");
    let monitor = tx.monitor().unwrap();
    tx.try_send(1).unwrap();
    drop((tx, rx));
    let seen = line("watched").unwrap();
    assert_eq!((seen.channels, seen.capacity, seen.sent, seen.received), (0, Some(0), 1, 0));
    assert_eq!(monitor.snapshot().sent, 1, "it can still be asked");
    drop(monitor);
    assert_eq!(line("watched").unwrap().sent, 1, "it is not counted twice");
}

/// While channels of one name come and go in another thread, what that name has counted never becomes less.
#[test]
fn counts_of_a_name_never_fall() {
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            for _ in 0..20_000 {
                let (tx, _rx) = named("falls");
                tx.try_send(1).unwrap();
            }
        });
        let mut before = 0;
        while !work.is_finished() {
            let sent = line("falls").map_or(0, |line| line.sent);
            assert!(sent >= before, "{before}, then {sent}");
            before = sent;
        }
    });
    assert_eq!(line("falls").unwrap().sent, 20_000);
}

/// A receiver can be quicker than the thread that says what was sent.
#[test]
fn a_recorder_takes_its_news_in_any_order() {
    let recorder = monitor::Recorder::new("any order", Some(4));
    recorder.record_receive();
    assert_eq!(recorder.depth(), 0);
    recorder.record_send();
    let seen = recorder.snapshot();
    assert_eq!((seen.sent, seen.received, seen.depth), (1, 1, 0));
    recorder.record_send();
    assert_eq!(recorder.depth(), 1);
}

/// A share is compared as it is written, though most have no exact binary form.
#[test]
fn shares_are_those_that_were_written() {
    for percent in 1..=100_u32 {
        let share = format!("0.{percent:02}").parse::<f64>().unwrap().max(f64::from(percent / 100));
        let (tx, rx) = Channel::bounded(100).name("shares").saturation(share, share / 2.0).build().unwrap();
        let monitor = tx.monitor().unwrap();
        for n in 1..=percent {
            assert!(!monitor.is_in_saturation() && !monitor.is_saturated(share), "{n} at {share}");
            tx.try_send(n).unwrap();
        }
        assert!(monitor.is_saturated(share), "{percent} of 100 is {share}");
        assert!(monitor.is_in_saturation(), "{percent} of 100 is {share}");
        drop(rx);
        let Some(at) = (percent < 100).then_some(percent) else { continue };
        let (tx, rx) = Channel::bounded(100).name("shares").saturation(1.0, share).build().unwrap();
        (0..100).for_each(|n| tx.try_send(n).unwrap());
        assert_eq!((at + 1..100).map_while(|_| rx.try_recv().ok()).count(), 99 - percent as usize);
        assert!(tx.monitor().unwrap().is_in_saturation(), "{} of 100, until {share}", at + 1);
        rx.try_recv().unwrap();
        assert!(!tx.monitor().unwrap().is_in_saturation(), "{at} of 100, until {share}");
    }
}

/// Waits that overlap are counted once each.
#[test]
fn sends_that_wait_together_are_counted_once_each() {
    use std::future::Future;
    let (tx, rx) = Channel::bounded(1).name("together").build().unwrap();
    tx.try_send(0).unwrap();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut sends: Vec<_> = (1..=50).map(|n| Box::pin(tx.send(n))).collect();
    for send in &mut sends {
        assert!(send.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(rx.drain().count(), 51);
    let seen = tx.monitor().unwrap().snapshot();
    assert_eq!((seen.waits, seen.blocked.count), (50, 50));
}

#[test]
fn drops_of_a_channel_are_counted_with_permits_and_values_that_come_back() {
    use std::future::Future;
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = Channel::bounded(2).name("permits").overflow(overflow).build().unwrap();
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let permits: Vec<_> = (0..3).map(|_| tx.try_reserve().unwrap()).collect();
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(rx.recv())).collect();
        assert!(waiting.iter_mut().all(|recv| recv.as_mut().poll(&mut cx).is_pending()));
        (0..2).for_each(|_| tx.try_send(1).unwrap());
        drop(waiting);
        permits.into_iter().for_each(|permit| permit.send(2).unwrap());
        let seen = tx.monitor().unwrap().snapshot();
        assert_eq!(seen.depth, rx.len());
        let got = rx.drain().count() as u64;
        let after = tx.monitor().unwrap().snapshot();
        assert_eq!((after.received, after.depth), (got, 0), "{overflow:?} {after:?}");
        assert_eq!(after.dropped, tx.dropped());
        assert_eq!(5, got + after.dropped, "{overflow:?} {after:?}");
    }
}
