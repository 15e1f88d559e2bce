//! The crawler of the guide "testing": with its bug, without, and the test of both.
//!
//! The guide shows this code and the report it leads to; `process.rs` holds it to both.

use std::collections::BTreeSet;

use vela::prelude::*;

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

/// Like [`crawl`]; never waits for the workers to take something without taking what they have.
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

/// Of the fixed one. With the variable, of the one with the bug: that is for a process of its own, which has to fail.
#[vela::test(schedules = 10_000)]
async fn visits_every_page() {
    let pages = if std::env::var_os("CRAWL_WITH_THE_BUG").is_some() { crawl().await } else { crawl_fixed().await };
    assert_eq!(pages, 12);
}
