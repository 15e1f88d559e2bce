//! A worker pool: many jobs, a few workers, results as they come. No locks, and no list of idle workers.
//!
//! All workers receive from one channel: whoever is free takes the next job. Closing that channel sends them home, and
//! with the last worker the channel of the results closes, too, which ends the loop that collects them.
//!
//! Run it: `cargo run --release --example worker_pool`

use vela::prelude::*;
use vela::task::yield_now;

const WORKERS: usize = 4;

/// How many steps the Collatz sequence takes from `n` to 1; an error for 0, from where it never gets there.
async fn collatz(n: u64) -> vela::Result<u32> {
    let (mut x, mut steps) = (n, 0);
    while x != 1 {
        if x == 0 {
            return Err(vela::Error::msg("no way from 0 to 1"));
        }
        x = if x % 2 == 0 { x / 2 } else { 3 * x + 1 };
        steps += 1;
        yield_now().await; // long work should give way now and then
    }
    Ok(steps)
}

vela! {
#[vela::main]
async fn main() -> vela::Result<()> {
    let (jobs, todo) = vela::channel::<u64>(8);
    let (done, results) = vela::channel(8);

    let workers: Vec<Task<u32>> = (0..WORKERS).map(|id| {
        go!(name(format!("worker {id}")) clone(todo, done) {
            let mut handled = 0;
            for n in <-todo {
                // A job that fails is a result like any other: the worker goes on.
                done <- (n, collatz(n).await) else { break };
                handled += 1;
            }
            handled
        })
    })
    .collect();
    drop((todo, done)); // the workers have their own

    go! {
        for n in [27, 97, 0, 871, 6171, 1, 703, 9, 7] {
            jobs <- n else { break };
        }
    }; // here `jobs` is dropped: no more work

    let mut all = Vec::new();
    for result in <-results {
        all.push(result); // in the order in which they get done
    }
    all.sort_by_key(|(n, _)| *n);
    for (n, result) in &all {
        match result {
            Ok(steps) => println!("{n:>5}: {steps} steps"),
            Err(error) => println!("{n:>5}: {error}"),
        }
    }

    let mut handled = 0;
    for worker in &workers {
        handled += (<-worker)?;
    }
    println!("{} workers have handled {handled} jobs", workers.len());

    // The same without a channel of jobs: a group that runs at most so many of its tasks at a time.
    let group = Group::with_limit(WORKERS);
    let steps: Vec<Task<u32>> = (1..=100).map(|n| go!(in(group) collatz(n))).collect();
    group.join().await?;
    let mut longest = 0;
    for task in steps {
        longest = longest.max((<-task)?);
    }
    println!("the longest way from below 101: {longest} steps");
    Ok(())
}
}
