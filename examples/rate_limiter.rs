//! Three ways to limit a rate: a pace, a bucket of tokens that allows bursts, and refusing what is too much.
//!
//! A limiter is nothing but a channel of tokens: who has received one may go on.
//!
//! Run it: `cargo run --release --example rate_limiter`

use std::time::Duration;

use vela::prelude::*;
use vela::time::Instant;

vela! {
/// A bucket of `burst` tokens, full at first. One comes in every `period`, as long as there is room and a receiver.
fn bucket(burst: usize, period: Duration) -> Receiver<()> {
    let (refill, tokens) = vela::channel(burst);
    while refill.try_send(()).is_ok() {}
    go! {
        let ticker = tick(period);
        loop {
            select! {
                Some(_) = <-ticker => select! {
                    refill <- () => {}
                    else         => {} // full: this token is lost, which is what limits a burst
                },
                <-refill.closed() => return, // the last receiver was dropped: no task is left behind
                closed            => return,
            }
        }
    };
    tokens
}

#[vela::main]
async fn main() -> vela::Result<()> {
    println!("-- A pace: one request every 10 ms");
    let start = Instant::now();
    let pace = tick(ms(10));
    for n in 1..=5 {
        <-pace;
        println!("request {n}");
    }
    println!("took 50 ms at least: {}", start.elapsed() >= ms(50));

    println!("-- A bucket: 3 at once, then one every 10 ms, whoever asks");
    let start = Instant::now();
    let tokens = bucket(3, ms(10));
    let requests: Vec<Task<()>> = (0..8).map(|_| go!(clone(tokens) { <-tokens; })).collect();
    for request in requests {
        (<-request)?;
    }
    println!("8 requests took 50 ms at least: {}", start.elapsed() >= ms(50));

    println!("-- Refuse instead of waiting: a bucket of 2 that is refilled once an hour");
    let tokens = bucket(2, secs(3600));
    for n in 1..=4 {
        let answer = select! {
            _ = <-tokens => "served",
            else         => "429 too many requests", // no token is there now
        };
        println!("request {n}: {answer}");
    }

    println!("-- Or wait for a while");
    match timeout(ms(10), tokens.recv()).await {
        Ok(_) => println!("served"),
        Err(error) => println!("gave up: {error}"),
    }
    Ok(())
}
}
