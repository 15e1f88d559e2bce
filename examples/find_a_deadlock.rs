//! A crawler with a deadlock that one schedule in thousands shows: found, shrunk, replayed, fixed.
//!
//! The same as a `#[vela::test]` is in the guide `vela::guide::testing`.
//!
//! Run it: `cargo run --release --example find_a_deadlock`

use std::collections::BTreeSet;

use vela::prelude::*;
use vela::sim::{Failure, Simulation, Strategy, Verdict};

/// A small site: what each page links to.
fn links(page: u32) -> Vec<u32> {
    match page {
        0 => vec![1, 2],               // the front page: the imprint, the blog
        2..=4 => vec![page + 1],       // the blog: each post links to the one before it
        5 => vec![6, 7, 8, 9, 10, 11], // the archive
        _ => vec![],
    }
}

/// Two workers: pages to visit go in, the links found on each come out.
fn workers() -> (Sender<u32>, Receiver<Vec<u32>>) {
    let (jobs, todo) = vela::Channel::bounded(2).name("jobs").build().unwrap();
    let (reports, found) = vela::Channel::bounded(2).name("found").build().unwrap();
    for _ in 0..2 {
        go!(name("worker") clone(todo, reports) {
            for page in <-todo {
                reports <- links(page) else { break };
            }
        });
    }
    (jobs, found)
}

/// Visits every page that can be reached from page 0: how many there are.
async fn crawl() -> usize {
    let (jobs, found) = workers();
    let mut seen = BTreeSet::from([0]);
    let mut pending = 1; // pages on which no worker has reported yet
    vela! {
        jobs <- 0 else { return 0 };
        while pending > 0 {
            let Some(links) = <-found else { break };
            pending -= 1;
            for page in links {
                if seen.insert(page) {
                    pending += 1;
                    jobs <- page else { break };
                }
            }
        }
    }
    seen.len()
}

/// Without the bug: never waits for the workers to take something without taking what they have.
async fn crawl_fixed() -> usize {
    let (jobs, found) = workers();
    let mut seen = BTreeSet::from([0]);
    let mut backlog = vec![0]; // pages for which the workers have had no room yet
    let mut pending = 1;
    while pending > 0 {
        select! {
            jobs <- backlog[0], if !backlog.is_empty() => { backlog.remove(0); }
            Some(links) = <-found => {
                pending -= 1;
                for page in links {
                    if seen.insert(page) {
                        pending += 1;
                        backlog.push(page);
                    }
                }
            }
            closed => break,
        }
    }
    seen.len()
}

fn simulation() -> Simulation {
    Simulation::new().seed(1).schedules(10_000)
}

/// How many of so many random schedules end in a deadlock.
fn deadlocks_among(schedules: u64) -> u64 {
    let (mut deadlocks, mut tried) = (0, 0);
    while tried < schedules {
        let random = simulation().strategy(Strategy::Random).seed(tried).schedules(schedules - tried);
        match random.check(async || assert_eq!(crawl().await, 12)) {
            Ok(passed) => tried += passed.schedules,
            Err(failure) => {
                deadlocks += 1;
                tried += failure.schedule() + 1;
            }
        }
    }
    deadlocks
}

fn main() -> Result<(), Failure> {
    println!("-- It looks well: {} of 10000 random schedules end in a deadlock", deadlocks_among(10_000));

    println!("-- The default, random schedules and PCT in turn");
    let Err(found) = simulation().check(async || assert_eq!(crawl().await, 12)) else {
        println!("nothing found");
        return Ok(());
    };
    print!("{found}");

    println!("-- The shrunk schedule again");
    let Ok(replay) = simulation().replay(&found.decisions()) else { return Err(found) };
    match replay.check(async || assert_eq!(crawl().await, 12)) {
        Err(again) if *again.verdict() == Verdict::Deadlock => {
            println!("{} in {} steps", again.verdict(), again.steps())
        }
        Err(other) => println!("something else:\n{other}"),
        Ok(_) => println!("it passes"),
    }

    println!("-- The fixed crawler");
    let passed = simulation().check(async || assert_eq!(crawl_fixed().await, 12))?;
    println!("{} schedules pass", passed.schedules);
    Ok(())
}
