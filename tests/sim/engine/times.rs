//! Time: sleeps, timeouts, timers and tickers, in virtual time and against one another.

use vela::prelude::*;
use vela::sim::Faults;
use vela::time::{Instant, after_at, sleep_until, timeout_at};

use super::ways::{ALL, every, every_way_in_time, join, some};

#[test]
fn who_sleeps_longer_wakes_later() {
    every_way_in_time(|| async {
        let start = Instant::now();
        let tasks: Vec<_> = [3, 1, 2]
            .into_iter()
            .map(|h| {
                go!({
                    sleep(secs(3600 * h)).await;
                    start.elapsed()
                })
            })
            .collect();
        sleep_until(start + secs(2 * 3600)).await;
        assert!(start.elapsed() >= secs(2 * 3600));
        for (task, h) in tasks.into_iter().zip([3, 1, 2]) {
            assert!(join(task).await.is_none_or(|took| took >= secs(3600 * h)));
        }
        assert!(start.elapsed() < secs(4 * 3600));
    });
}

/// Whoever times out has taken nothing, and whoever does not has got something.
#[test]
fn a_timeout_takes_nothing_or_all() {
    let body = || async {
        let (tx, rx) = channel(0);
        let sender = go!({
            for n in 0..3 {
                sleep(ms(10)).await;
                if tx.send_timeout(n, ms(4)).await.is_err() {
                    return n;
                }
            }
            3
        });
        let mut got = 0;
        loop {
            match timeout(ms(7), rx.recv()).await {
                Ok(Some(v)) => {
                    assert_eq!(v, got);
                    got += 1
                }
                Ok(None) => break,
                Err(_) => {}
            }
        }
        assert!(join(sender).await.is_none_or(|sent| sent == got));
    };
    every(1, Faults::none().spurious(), body);
    every(0, Faults::none().delay(), body);
    every(1, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

#[test]
fn a_deadline_ends_what_takes_too_long() {
    every_way_in_time(|| async {
        let start = Instant::now();
        let (tx, rx) = channel::<u8>(0);
        let result = timeout_at(start + secs(60), rx.recv()).await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), secs(60));
        let other = go!({
            after_at(start + secs(90)).recv().await;
            drop(tx);
        });
        assert_eq!(timeout(secs(60), rx.recv()).await, Ok(None));
        assert!(start.elapsed() <= secs(90));
        join(other).await;
    });
}

#[test]
fn a_ticker_ticks_by_the_clock_and_stops() {
    every_way_in_time(|| async {
        let start = Instant::now();
        let ticker = tick(secs(10));
        let other = go!({
            sleep(secs(25)).await;
        });
        for n in 1..=3 {
            ticker.recv().await;
            assert_eq!(start.elapsed(), secs(10 * n));
        }
        assert!(ticker.stop());
        select! { at = <-ticker => assert!(at.is_none()), _ = <-after(secs(100)) => unreachable!("it is stopped") }
        join(other).await;
    });
}

#[test]
fn a_timer_that_is_reset_fires_once() {
    every_way_in_time(|| async {
        let timer = std::sync::Arc::new(after(secs(10)));
        let other = go!(clone(timer) { sleep(secs(5)).await; timer.reset(secs(10)); });
        let start = Instant::now();
        timer.recv().await;
        let took = start.elapsed();
        let moved = join(other).await.is_some();
        assert!(took == secs(15) || (!moved && took == secs(10)), "{took:?}");
    });
}
