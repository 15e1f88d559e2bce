//! How channels that were made by name follow the configuration while they are used. The configuration is the process's, so
//! this is one test.
#![cfg(feature = "config")]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::Sink;
use vela_core::config::Config;
use vela_core::{Channel, Overflow, SendErrorKind, block_on};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn install(text: &str) -> Vec<String> {
    // `Reload` is what says which keys are pending.
    let path = std::env::temp_dir().join(format!("vela-follow-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let config = Config::builder().file(&path).variables([("", ""); 0]).load().unwrap();
    let reload = config.reload().unwrap();
    std::fs::remove_file(&path).unwrap();
    reload.install().into_iter().map(|pending| format!("{}.{}", pending.channel, pending.key)).collect()
}

#[test]
fn following() {
    what_the_code_says_stays();
    a_channel_has_the_configuration_of_when_it_is_made();
    a_channel_follows_the_name_that_it_was_asked_for_by();
    room_for_many_goes_to_all_who_wait();
    a_permit_of_before_is_good_on_a_smaller_channel();
    nothing_is_lost_while_capacities_change();
    nothing_is_lost_while_capacities_change_and_values_are_dropped();
}

fn what_the_code_says_stays() {
    install("[channels.said]\ncapacity = 10\noverflow = { timeout = \"1h\" }\n");
    let named = || Channel::<u32>::named("said");
    let (tx, _rx) = named().overflow(Overflow::Timeout(Duration::ZERO)).saturation(1.0, 0.1).build().unwrap();
    let (other, _other_rx) = named().overflow(Overflow::DropOldest).monitored(false).build().unwrap();
    let pending = install(
        "[channels.said]\ncapacity = 5\noverflow = { timeout = \"2h\" }\nsaturated_at = 0.2\nrelieved_at = 0.1\n",
    );
    assert_eq!(pending, [""; 0], "it is as the code says, now and then");
    assert_eq!((tx.capacity(), other.capacity()), (Some(5), Some(5)));
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    assert!(!tx.monitor().unwrap().is_in_saturation(), "at all of it only");
    tx.try_send(4).unwrap();
    assert!(tx.monitor().unwrap().is_in_saturation());
    let failed = block_on(async {
        let mut send = pin!(tx.send(5));
        let mut late = pin!(vela_core::time::sleep(Duration::from_secs(5)));
        std::future::poll_fn(|cx| match send.as_mut().poll(cx) {
            Poll::Ready(sent) => Poll::Ready(sent.err().map(|error| error.kind())),
            Poll::Pending => late.as_mut().poll(cx).map(|()| None),
        })
        .await
    });
    assert_eq!(failed, Some(SendErrorKind::TimedOut), "not in two hours");
}

fn a_channel_has_the_configuration_of_when_it_is_made() {
    install("[channels.late]\ncapacity = 1\n");
    let builder = Channel::<u32>::named("late");
    install("[channels.late]\ncapacity = 2\n");
    let (tx, _rx) = builder.build().unwrap();
    assert_eq!(tx.capacity(), Some(2));
    assert_eq!(tx.monitor().unwrap().capacity(), Some(2));
}

fn a_channel_follows_the_name_that_it_was_asked_for_by() {
    install("[channels.asked]\ncapacity = 1\n[channels.shown]\ncapacity = 1\n");
    let (tx, _rx) = Channel::<u32>::named("asked").name("shown").build().unwrap();
    install("[channels.asked]\ncapacity = 2\n[channels.shown]\ncapacity = 3\n");
    assert_eq!((tx.capacity(), tx.name().as_deref()), (Some(2), Some("shown")));
}

fn room_for_many_goes_to_all_who_wait() {
    install("[channels.grows]\ncapacity = 1\n");
    let (tx, rx) = Channel::<u32>::named("grows").build().unwrap();
    tx.try_send(0).unwrap();
    let mut sink = tx.sink();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_pending());
    let (mut one, mut two, mut place) = (pin!(tx.send(1)), pin!(tx.send(2)), pin!(tx.reserve()));
    assert!(poll(one.as_mut()).is_pending() && poll(two.as_mut()).is_pending() && poll(place.as_mut()).is_pending());
    install("[channels.grows]\ncapacity = 5\n");
    assert!(poll(one.as_mut()).is_ready(), "a sink was told before it, but there is room for more");
    assert!(poll(two.as_mut()).is_ready());
    let Poll::Ready(Ok(permit)) = poll(place.as_mut()) else { panic!("there is room for it") };
    assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_ready(), "one place was left to the sink");
    assert!(tx.try_send(9).is_err());
    permit.send(3).unwrap();
    Pin::new(&mut sink).start_send(4).unwrap();
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

fn a_permit_of_before_is_good_on_a_smaller_channel() {
    install("[channels.shrinks]\ncapacity = 3\n");
    let (tx, rx) = Channel::<u32>::named("shrinks").build().unwrap();
    let permits: Vec<_> = (0..3).map(|_| tx.try_reserve().unwrap()).collect();
    install("[channels.shrinks]\ncapacity = 1\n");
    let mut waits = pin!(tx.send(9));
    assert!(poll(waits.as_mut()).is_pending());
    let mut permits = permits.into_iter();
    permits.next().unwrap().send(1).unwrap();
    drop(permits.next());
    assert!(poll(waits.as_mut()).is_pending(), "there are two of one");
    permits.next().unwrap().send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(poll(waits.as_mut()).is_pending() && tx.is_full());
    assert_eq!(rx.try_recv(), Ok(2));
    assert!(poll(waits.as_mut()).is_ready());
    assert_eq!(rx.try_recv(), Ok(9));
    let seen = tx.monitor().unwrap().snapshot();
    assert_eq!((seen.sent, seen.received, seen.depth, seen.high_water), (3, 3, 0, 2));
}

/// Goes on installing other capacities and limits until the work is done.
fn change_until(done: &AtomicBool, overflow: &str) {
    for n in (1..).cycle() {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let (capacity, saturated_at) = ([1, 2, 7, 64, 3, 1000][n % 6], [0.2, 0.5, 0.8, 1.0][n % 4]);
        let channel = format!("capacity = {capacity}\nsaturated_at = {saturated_at}\nrelieved_at = 0.1\n");
        Config::from_toml(&format!("[channels.busy]\n{channel}{overflow}")).unwrap().install();
    }
}

const EACH: u32 = 5_000;

fn nothing_is_lost_while_capacities_change() {
    install("[channels.busy]\ncapacity = 1\n");
    let (tx, rx) = Channel::<u32>::named("busy").build().unwrap();
    let (done, senders) = (AtomicBool::new(false), AtomicUsize::new(4));
    let mut got = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| change_until(&done, ""));
        for way in 0..4 {
            let (tx, senders) = (tx.clone(), &senders);
            scope.spawn(move || {
                let values = way * EACH..(way + 1) * EACH;
                block_on(async {
                    match way {
                        0 => {
                            for n in values {
                                tx.send(n).await.unwrap();
                            }
                        }
                        1 => {
                            for n in values {
                                let permit = tx.reserve().await.unwrap();
                                permit.send(n).unwrap();
                            }
                        }
                        2 => tx.send_all(&mut values.collect::<VecDeque<_>>()).await.unwrap(),
                        _ => {
                            let mut sink = tx.sink();
                            for n in values {
                                std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.unwrap();
                                Pin::new(&mut sink).start_send(n).unwrap();
                            }
                        }
                    }
                });
                senders.fetch_sub(1, Ordering::Relaxed);
            });
        }
        let other = rx.clone();
        let more = scope.spawn(move || other.iter_blocking().collect::<Vec<_>>());
        let monitor = tx.monitor().unwrap();
        drop(tx);
        while !(rx.is_closed() && rx.is_empty()) {
            // Some give up when a value may have come in: it goes to another.
            let mut recv = pin!(rx.recv());
            if let Poll::Ready(value) = poll(recv.as_mut()) {
                got.extend(value);
            }
            std::thread::yield_now();
        }
        got.extend(more.join().unwrap());
        done.store(true, Ordering::Relaxed);
        let seen = monitor.snapshot();
        assert_eq!((seen.sent, seen.depth), (u64::from(4 * EACH), 0));
        assert_eq!(seen.received, seen.sent);
    });
    assert_eq!(senders.load(Ordering::Relaxed), 0);
    got.sort_unstable();
    assert!(got.into_iter().eq(0..4 * EACH), "each once");
}

fn nothing_is_lost_while_capacities_change_and_values_are_dropped() {
    for overflow in ["drop-oldest", "drop-newest"] {
        let policy = format!("overflow = \"{overflow}\"\n");
        install(&format!("[channels.busy]\ncapacity = 1\n{policy}"));
        let (tx, rx) = Channel::<u32>::named("busy").build().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| change_until(&done, &policy));
            let monitor = tx.monitor().unwrap();
            let mut work = Vec::new();
            for way in 0..2 {
                let tx = tx.clone();
                work.push(scope.spawn(move || {
                    for n in 0..EACH {
                        if way == 0 { tx.try_send(n).unwrap() } else { tx.try_reserve().unwrap().send(n).unwrap() }
                    }
                    0
                }));
            }
            let looker = tx.clone();
            drop(tx);
            work.push(scope.spawn(move || {
                let mut got = 0;
                while rx.sender_count() > 1 || !rx.is_empty() {
                    // A value that comes in after the look goes back.
                    let mut recv = pin!(rx.recv());
                    got += u64::from(poll(recv.as_mut()).is_ready());
                    std::thread::yield_now();
                }
                got
            }));
            let got: u64 = work.into_iter().map(|work| work.join().unwrap()).sum();
            done.store(true, Ordering::Relaxed);
            let seen = monitor.snapshot();
            assert_eq!(seen.depth, 0, "{overflow} {seen:?}");
            assert_eq!(seen.received, got, "{overflow} {seen:?}");
            assert_eq!(seen.dropped, looker.dropped());
            assert_eq!(got + seen.dropped, u64::from(2 * EACH), "{overflow} {seen:?}");
        });
    }
}
