//! What else is received from: oneshot, broadcast, watch, timers, contexts, tasks, streams, sinks.

use futures_util::StreamExt;
use vela::prelude::*;
use vela::sim::Faults;
use vela::{broadcast, oneshot, watch};

use super::tally::{Inbox, Tally};
use super::ways::{ALL, every, every_way, every_way_in_time, join, some};

#[test]
fn a_oneshot_gives_its_value_once_or_back() {
    every_way(|| async {
        let tally = Tally::default();
        let (tx, rx) = oneshot::channel();
        let sender = go!(clone(tally) {
            vela::task::yield_now().await;
            if let Err(error) = tx.send(tally.value(0)) {
                error.into_inner().hand_back();
            }
        });
        let receiver = go!({
            let inbox = Inbox::default();
            let got = rx.recv().await;
            let some = got.is_some();
            if let Some(value) = got {
                inbox.take(value);
            }
            assert!(rx.recv().await.is_none());
            some
        });
        let got = join(receiver).await;
        join(sender).await;
        // Unreceived, it is dropped with the channel.
        let dropped = usize::from(got.is_none());
        tally.settled_with(dropped);
        if got == Some(true) {
            assert_eq!(tally.received(), 1);
        }
    });
}

#[test]
fn a_oneshot_sender_is_told_of_the_end() {
    every_way(|| async {
        let (mut tx, rx) = oneshot::channel::<u8>();
        let waiter = go!({
            tx.closed().await;
            assert!(tx.is_closed());
            assert!(tx.send(1).is_err());
        });
        let closer = go!({
            vela::task::yield_now().await;
            rx.close();
            rx.recv().await
        });
        assert!(matches!(join(closer).await, None | Some(None)));
        join(waiter).await;
    });
}

#[test]
fn several_who_wait_for_one_oneshot() {
    every_way(|| async {
        let (tx, rx) = oneshot::channel();
        let rx = std::sync::Arc::new(rx);
        let one = go!(clone(rx) { rx.recv().await.is_some() });
        let other = go!(clone(rx) { select! { v = <-*rx => v.is_some() } });
        tx.send(1).unwrap();
        let (one, other) = (join(one).await, join(other).await);
        let late = rx.recv().await.is_some();
        let got = [one == Some(true), other == Some(true), late].into_iter().filter(|got| *got).count();
        assert_eq!(got, 1, "{one:?} {other:?} {late}");
    });
}

#[test]
fn each_broadcast_receiver_gets_all() {
    let body = || async {
        let (tx, rx) = broadcast::channel(4);
        let receivers: Vec<_> = (0..2)
            .map(|n| {
                let rx = rx.resubscribe();
                go!({
                    let mut got = Vec::new();
                    if n == 0 {
                        while let Some(Ok(v)) = rx.recv().await {
                            got.push(v);
                        }
                    } else {
                        loop {
                            select! { v = <-rx => match v { Some(Ok(v)) => got.push(v), _ => break } }
                        }
                    }
                    got
                })
            })
            .collect();
        let sender = go!({
            for n in 0..2 {
                tx.send(n).unwrap();
                vela::task::yield_now().await;
            }
        });
        let whole = join(sender).await.is_some();
        for receiver in receivers {
            let Some(got) = join(receiver).await else { continue };
            assert!(got.iter().copied().eq(0..got.len()));
            assert!(!whole || got.len() == 2);
        }
    };
    every(0, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

#[test]
fn a_broadcast_receiver_that_is_late_is_told_how_much_it_missed() {
    every_way(|| async {
        let (tx, rx) = broadcast::channel(2);
        let sender = go!({
            for n in 0..4_u64 {
                tx.send(n).unwrap();
                vela::task::yield_now().await;
            }
            tx.closed().await;
        });
        let (mut next, mut first) = (0, true);
        while next < 4 {
            match rx.recv().await {
                Some(Ok(v)) => {
                    assert_eq!(v, next);
                    next += 1
                }
                Some(Err(lagged)) => next += lagged.missed(),
                None => break,
            }
            first = false;
        }
        assert!(!first || next == 0);
        drop(rx);
        join(sender).await;
    });
}

/// Each state that is seen is newer than the one before, and a wait for one that was reached ends.
#[test]
fn a_watch_shows_newer_and_newer_states() {
    let body = || async {
        let (tx, rx) = watch::channel(0);
        let waiter = go!(clone(rx) { rx.wait_for(|&n| n >= 2).await });
        let follower = go!(clone(rx) {
            let mut last = 0;
            for n in <-rx { assert!(n > last); last = n; }
            last
        });
        let writer = go!({
            for n in 1..=3 {
                tx.send(n).ok();
                vela::task::yield_now().await;
            }
            tx.closed().await;
        });
        drop(rx);
        let reached = join(waiter).await;
        // The sender waits for the end of the receivers, the follower for that of the sender.
        follower.cancel();
        writer.cancel();
        join(follower).await;
        join(writer).await;
        assert!(reached.is_none_or(|n| n.is_none_or(|n| n >= 2)));
    };
    every(0, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

#[test]
fn a_watch_ends_with_its_sender() {
    every_way(|| async {
        let (tx, rx) = watch::channel(0);
        let writer = go!({
            tx.send(1).unwrap();
            vela::task::yield_now().await;
            tx.set(2);
        });
        let mut last = 0;
        vela! { for n in <-rx { last = n; } }
        assert!(join(writer).await.is_none() || last == 2);
        assert_eq!(rx.wait_for(|&n| n > 5).await, None);
    });
}

#[test]
fn a_context_ends_with_its_parent_and_in_time() {
    every_way_in_time(|| async {
        let root = Context::background();
        let child = root.with_timeout(secs(60));
        let waiter = go!(clone(child) { child.done().await; child.err() });
        let arm = go!(clone(root) { select! { _ = <-root.done() => true, _ = <-after(secs(100)) => false } });
        let canceller = go!(clone(root) { sleep(secs(30)).await; root.cancel(); });
        let start = vela::time::Instant::now();
        child.done().await;
        let early = join(canceller).await.is_some();
        let took = start.elapsed();
        assert!(took == secs(30) || (!early && took == secs(60)), "{took:?}");
        assert!(join(waiter).await.is_none_or(|error| error.is_some()));
        assert!(join(arm).await.is_none_or(|ended| ended == (took == secs(30))));
    });
}

#[test]
fn streams_and_sinks_pass_all_on() {
    let body = || async {
        let (tx, rx) = channel::<u32>(1);
        let (out, results) = channel::<u32>(0);
        let feeder = go!({ for n in 0..3 { tx <- n else { break }; } });
        let forwarder =
            vela::task::spawn(async move { rx.stream().map(|n| Ok(n * 2)).forward(out.sink()).await.is_ok() });
        let got: Vec<_> = results.stream().collect().await;
        let whole = join(feeder).await.is_some() & (join(forwarder).await == Some(true));
        assert!(got.iter().enumerate().all(|(n, v)| n as u32 * 2 == *v));
        assert!(!whole || got.len() == 3);
    };
    every(1, Faults::none().spurious(), body);
    every(1, Faults::none().cancel(1), body);
    some(500, ALL, body);
}
