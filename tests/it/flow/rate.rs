//! The rate limiter: bursts, the pace after them, who comes first.

use std::time::Duration;

use vela::flow::{self, RateLimiter};
use vela::prelude::*;
use vela::sim::{Faults, Simulation};
use vela::time::Instant;

use super::{all, numbers};

/// When `n` turns came, in ms.
async fn times(limiter: &RateLimiter, n: usize) -> Vec<u128> {
    let start = Instant::now();
    let mut times = Vec::new();
    vela! {
        for _ in 0..n {
            <-limiter;
            times.push(start.elapsed().as_millis());
        }
    }
    times
}

#[vela::test]
async fn a_burst_and_then_an_even_pace() {
    let limiter = RateLimiter::new(10, secs(1));
    assert_eq!(times(&limiter, 13).await, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200, 300]);
    sleep(ms(250)).await;
    assert_eq!(times(&limiter, 4).await, [0, 0, 50, 150], "what was not used is kept");
    assert_eq!(times(&RateLimiter::new(10, secs(1)).burst(1), 4).await, [0, 100, 200, 300]);
    assert_eq!(times(&RateLimiter::new(1, ms(5)).burst(2), 4).await, [0, 0, 5, 10]);
}

#[vela::test]
async fn several_turns_at_once() {
    let limiter = RateLimiter::new(4, ms(40));
    let start = Instant::now();
    vela!(<-limiter.turns(3));
    limiter.turns(0).await;
    assert_eq!(start.elapsed(), ms(0));
    limiter.turns(4).await;
    assert_eq!(start.elapsed(), ms(30));
}

#[test]
#[should_panic(expected = "5 turns at once, of a rate limiter whose burst is 4")]
fn more_turns_than_the_burst_are_a_mistake() {
    drop(RateLimiter::new(4, ms(40)).turns(5));
}

#[test]
#[should_panic(expected = "permits 0 operations")]
fn a_rate_of_nothing_is_a_mistake() {
    let _ = RateLimiter::new(0, ms(40));
}

#[vela::test]
async fn who_comes_first_is_served_first() {
    let limiter = RateLimiter::new(1, secs(1));
    limiter.turn().await;
    let (log, served) = vela::unbounded();
    for n in 0..4 {
        go!(clone(limiter, log) { <-limiter; log.try_send(n).unwrap(); });
        sleep(ms(1)).await;
    }
    drop(log);
    assert_eq!(limiter.try_turn(1).unwrap_err().retry_after(), Some(secs(1)), "there is a line");
    assert_eq!(limiter.try_turn(2).unwrap_err().retry_after(), None, "however short the line is");
    assert_eq!(all(&served).await, [0, 1, 2, 3]);
}

#[vela::test]
async fn a_wait_that_is_dropped_takes_no_turn() {
    let limiter = RateLimiter::new(1, secs(1));
    let start = Instant::now();
    limiter.turn().await;
    assert!(timeout(ms(500), limiter.turn()).await.is_err());
    assert!(timeout(ms(400), &limiter).await.is_err());
    limiter.turn().await;
    assert_eq!(start.elapsed(), secs(1));
}

#[vela::test]
async fn refusing_says_for_how_long() {
    let limiter = RateLimiter::new(2, secs(1));
    assert!(limiter.try_turn(2).is_ok());
    let refused = limiter.try_turn(1).unwrap_err();
    assert_eq!(refused.retry_after(), Some(ms(500)));
    assert_eq!(refused.to_string(), "the rate limit is reached; try again in 500ms");
    assert_eq!(limiter.try_turn(3).unwrap_err().retry_after(), None);
    sleep(ms(500)).await;
    assert!(limiter.try_turn(1).is_ok());
}

/// Who has left the line is not waited for.
#[vela::test]
async fn a_turn_is_not_refused_because_of_who_has_left() {
    let limiter = RateLimiter::new(1, secs(1));
    limiter.turn().await;
    assert!(timeout(ms(500), limiter.turn()).await.is_err());
    sleep(ms(500)).await;
    assert!(limiter.try_turn(1).is_ok());
}

/// There are turns for everybody: who comes at the same time is no line.
#[test]
fn a_turn_is_not_refused_because_others_have_theirs() {
    const TIMES: u32 = 20_000;
    let limiter = RateLimiter::new(u32::MAX, ms(1));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            for _ in 0..TIMES {
                vela::block_on(limiter.turn());
            }
        });
        let refused = (0..TIMES).filter(|_| limiter.try_turn(1).is_err()).count();
        other.join().unwrap();
        assert_eq!(refused, 0);
    });
}

#[vela::test]
async fn a_turn_is_an_arm_that_can_lose() {
    let limiter = RateLimiter::new(1, ms(10)).burst(1);
    let (rx, _sent) = numbers(0, 4);
    let mut turns = 0;
    let mut got = 0;
    loop {
        select! {
            <-limiter, if turns < 3 => turns += 1,
            Some(_) = <-rx => got += 1,
            closed => break,
        }
    }
    assert_eq!((turns, got), (3, 4));
}

#[vela::test]
async fn values_of_a_pipeline_keep_to_the_rate() {
    let start = Instant::now();
    let (rx, _sent) = numbers(0, 5);
    let limiter = RateLimiter::new(1, ms(10));
    let (out, pipeline) = flow::from(rx).rate_limit(limiter).into_receiver();
    assert_eq!(all(&out).await, [0, 1, 2, 3, 4]);
    assert_eq!(start.elapsed(), ms(40));
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn extreme_rates_and_bursts_are_no_panic() {
    for (n, per) in [(1, Duration::MAX), (u32::MAX, Duration::MAX), (u32::MAX, Duration::ZERO), (1, Duration::ZERO)] {
        for burst in [1, u32::MAX] {
            let limiter = RateLimiter::new(n, per).burst(burst);
            limiter.turn().await;
            let _ = limiter.try_turn(1);
            let _ = limiter.try_turn(u32::MAX);
            let _ = timeout(secs(1), limiter.turn()).await;
        }
    }
}

/// Whoever is cancelled in the line: the others have their turns, none sooner than the rate says.
#[test]
fn the_line_goes_on_without_those_who_leave() {
    let body = async || {
        let start = Instant::now();
        let limiter = RateLimiter::new(1, secs(1));
        let tasks: Vec<_> = (0..3).map(|_| go!(clone(limiter) { <-limiter; })).collect();
        let mut served = 0;
        for task in tasks {
            served += u32::from(task.await.is_ok());
        }
        assert!(served == 0 || start.elapsed() >= secs(1) * (served - 1));
        assert!(start.elapsed() <= secs(2));
    };
    Simulation::new().schedules(1000).faults(Faults::none().cancel(2).spurious()).check(body).unwrap();
}
