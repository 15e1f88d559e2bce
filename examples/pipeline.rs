//! A pipeline of bounded stages: a slow end holds up the beginning, and both ends can shut it down.
//!
//! source → (2) → square → (2) → sink
//!
//! A stage ends when its input is closed (the work is done: every value arrives), or when nobody takes its output any
//! more (the work is not wanted). Nothing else is needed, no flags and no signals.
//!
//! Run it: `cargo run --release --example pipeline`

use vela::prelude::*;
use vela::watch;

vela! {
/// Sends 1, 2, … `last`, and shows how many were taken.
async fn source(last: u64, out: Sender<u64>, taken: watch::Sender<u64>) {
    for n in 1..=last {
        out <- n else { return println!("source: nobody wants more") };
        taken.set(n);
    }
    println!("source: all sent");
}

async fn square(numbers: Receiver<u64>, out: Sender<u64>) {
    for n in <-numbers {
        out <- n * n else { return println!("square: nobody wants more") };
    }
    println!("square: input is closed");
}

/// Starts the stages in `tasks`; gives the end of the pipeline, and how many numbers have gone in.
fn start(tasks: &Scope, last: u64) -> (Receiver<u64>, watch::Receiver<u64>) {
    let (raw, numbers) = vela::channel(2);
    let (out, squares) = vela::channel(2);
    let (count, taken) = watch::channel(0);
    go!(in(tasks) source(last, raw, count));
    go!(in(tasks) square(numbers, out));
    (squares, taken)
}

#[vela::main]
async fn main() -> vela::Result<()> {
    println!("-- Back-pressure");
    scope(async |tasks| {
        let (squares, taken) = start(tasks, 8);
        // Nobody takes a square yet. There is room for 2 + 2 values, and one is in the hands of `square`.
        taken.wait_for(|n| *n == 5).await;
        sleep(ms(20)).await;
        println!("{} of 8 are in, the source is held up", taken.get());
        for _ in 0..2 {
            println!("sink: {:?}", <-squares);
        }
        taken.wait_for(|n| *n == 7).await;
        println!("{} of 8 are in: one for each that came out", taken.get());
        let mut rest = Vec::new();
        for n in <-squares {
            rest.push(n);
        }
        println!("sink: {rest:?}");
        Ok(())
    })
    .await?;

    println!("-- The sink has had enough");
    scope(async |tasks| {
        let (squares, _) = start(tasks, u64::MAX);
        let mut sum = 0;
        while sum < 1000
            && let Some(n) = <-squares
        {
            sum += n;
        }
        println!("sink: {sum} is enough");
        drop(squares);
        Ok(())
    })
    .await?;
    println!("every stage has ended");
    Ok(())
}
}
