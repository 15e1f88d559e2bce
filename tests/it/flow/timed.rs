//! Batches, debouncing, throttling: what comes out, and when, in virtual time.

use std::time::Duration;

use futures_util::StreamExt as _;
use vela::flow::{self, batch, debounce, throttle};
use vela::prelude::*;
use vela::time::Instant;

use super::all;

/// Sends each number at its time, in ms from now; then the channel is closed.
fn script(capacity: usize, times: &'static [u64]) -> Receiver<u64> {
    let (_, rx) = flow::spawn_with_channel(capacity, async move |tx| {
        let start = Instant::now();
        for &at in times {
            vela::time::sleep_until(start + ms(at)).await;
            if tx.send(at).await.is_err() {
                return;
            }
        }
    });
    rx
}

/// What comes out, and when, in ms.
async fn watch<T>(mut timed: impl futures_util::Stream<Item = T> + Unpin) -> Vec<(u64, T)> {
    let start = Instant::now();
    let mut seen = Vec::new();
    vela! {
        for item in <-timed {
            seen.push((u64::try_from(start.elapsed().as_millis()).unwrap(), item));
        }
    }
    seen
}

#[vela::test]
async fn a_batch_is_full_or_its_time_is_over() {
    for capacity in [0, 1, 10] {
        let rx = script(capacity, &[0, 1, 2, 3, 50, 60, 200]);
        let seen = watch(batch(rx, 3, ms(20))).await;
        assert_eq!(
            seen,
            [
                (2, vec![0, 1, 2]), // full
                (23, vec![3]),      // 20 ms after the 3
                (70, vec![50, 60]), // 20 ms after the 50
                (200, vec![200]),   // closed
            ]
        );
    }
}

#[vela::test]
async fn batches_of_one_and_without_patience() {
    let seen = watch(batch(script(1, &[0, 1, 2]), 0, secs(1))).await;
    assert_eq!(seen, [(0, vec![0]), (1, vec![1]), (2, vec![2])]);
    let seen = watch(batch(script(1, &[5, 9]), 10, Duration::ZERO)).await;
    assert_eq!(seen, [(5, vec![5]), (9, vec![9])]);
    let seen = watch(batch(script(1, &[5, 9]), 10, Duration::MAX)).await;
    assert_eq!(seen, [(9, vec![5, 9])]);
    assert_eq!(watch(batch(script(1, &[]), 10, ms(1))).await, []);
}

#[vela::test]
async fn a_wait_that_is_dropped_keeps_values_and_time() {
    let mut batches = batch(script(0, &[0, 10, 15]), 10, ms(20));
    let start = Instant::now();
    assert!(timeout(ms(7), batches.next()).await.is_err());
    assert!(timeout(ms(5), batches.next()).await.is_err());
    assert_eq!(batches.next().await, Some(vec![0, 10, 15]));
    assert!(start.elapsed() <= ms(20));

    let (tx, rx) = channel(4);
    let mut batches = batch(rx, 10, secs(20));
    tx.try_send(1).unwrap();
    assert!(timeout(ms(1), batches.next()).await.is_err());
    tx.try_send(2).unwrap();
    let (rx, taken) = batches.into_parts();
    assert_eq!((taken, rx.try_recv()), (Some(vec![1]), Ok(2)));
}

/// Time that has run out while nobody looked has run out.
#[vela::test]
async fn a_batch_that_nobody_waited_for_is_ready_at_once() {
    let (tx, rx) = channel(4);
    let mut batches = batch(rx, 10, ms(5));
    tx.try_send(1).unwrap();
    assert!(timeout(ms(1), batches.next()).await.is_err());
    sleep(secs(1)).await;
    tx.try_send(2).unwrap();
    let start = Instant::now();
    assert_eq!((batches.next().await, start.elapsed()), (Some(vec![1, 2]), ms(0)));
}

#[vela::test]
async fn a_batch_is_an_arm_that_can_lose() {
    let mut batches = batch(script(1, &[0, 1, 2, 3, 4]), 2, ms(50));
    let ticker = tick(ms(1));
    let (mut got, mut ticks) = (Vec::new(), 0);
    loop {
        select! {
            Some(batch) = <-batches => got.push(batch),
            Some(_) = <-ticker, if ticks < 10 => ticks += 1,
            closed => break,
        }
    }
    assert_eq!((got.concat(), ticks), (vec![0, 1, 2, 3, 4], 10));
}

#[vela::test]
async fn what_is_followed_by_another_too_soon_does_not_get_through() {
    for capacity in [0, 1, 10] {
        let rx = script(capacity, &[0, 5, 9, 100, 120, 125]);
        let mut keys = debounce(rx, ms(10));
        assert_eq!(watch(&mut keys).await, [(19, 9), (110, 100), (125, 125)]);
        assert_eq!(keys.dropped(), 3);
    }
}

/// Whoever looks late: the value was alone for so long, whatever came then.
#[vela::test]
async fn what_was_followed_by_another_late_enough_gets_through_however_late_one_looks() {
    let (tx, rx) = channel(4);
    let mut timed = debounce(rx, ms(10));
    tx.send(1).await.unwrap();
    assert!(timeout(ms(5), timed.next()).await.is_err(), "taken, and not alone for long enough");
    sleep(ms(20)).await;
    tx.send(2).await.unwrap();
    assert_eq!(timed.next().await, Some(1));
    assert_eq!(timed.next().await, Some(2));
    assert_eq!(timed.dropped(), 0);
}

/// Whoever looks late: of values that wait for their time, the newest is wanted.
#[vela::test]
async fn who_looks_late_has_the_newest() {
    let (tx, rx) = channel(4);
    let mut timed = throttle(rx, ms(10));
    tx.send(0).await.unwrap();
    assert_eq!(timed.next().await, Some(0));
    tx.send(1).await.unwrap();
    assert!(timeout(ms(5), timed.next()).await.is_err());
    sleep(ms(20)).await;
    tx.send(2).await.unwrap();
    assert_eq!((timed.next().await, timed.dropped()), (Some(2), 1));
}

#[vela::test]
async fn the_newest_gets_through_so_often() {
    for capacity in [1, 10] {
        let rx = script(capacity, &[0, 1, 2, 3, 11, 40, 41, 60]);
        let mut shown = throttle(rx, ms(10));
        let seen = watch(&mut shown).await;
        // The first at once, then the newest 10 ms after the last one that got through.
        assert_eq!(seen, [(0, 0), (10, 3), (20, 11), (40, 40), (50, 41), (60, 60)]);
        assert_eq!(shown.dropped(), 2);
    }
}

#[vela::test]
async fn time_in_a_pipeline() {
    let (out, pipeline) = flow::from(script(4, &[0, 1, 2, 30, 31, 90]))
        .debounce(ms(10))
        .throttle(ms(1))
        .batch(2, secs(1))
        .into_receiver();
    assert_eq!(all(&out).await, [vec![2, 31], vec![90]]);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn dropping_the_end_of_a_timed_pipeline_stops_it() {
    let (tx, rx) = channel::<u8>(0);
    let (out, pipeline) = flow::from(rx).batch(10, secs(3600)).debounce(secs(3600)).into_receiver();
    tx.send(1).await.unwrap();
    drop(out);
    let start = Instant::now();
    pipeline.join().await.unwrap();
    assert_eq!(start.elapsed(), ms(0));
    tx.closed().await;
}
