//! Every form of the macros under `clippy::pedantic`: the expansion gives no warning of its own, here in a library whose
//! public functions the ordinary clippy run of the workspace checks.
#![deny(warnings, clippy::pedantic)]
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use vela::prelude::*;

/// A stage that has a queue, an inbox and an outbox.
#[derive(Debug)]
pub struct Stage {
    jobs: Receiver<u64>,
    replies: Option<Receiver<u64>>,
    out: Sender<u64>,
    queue: VecDeque<u64>,
}

vela! {
    impl Stage {
        /// The next two jobs, or as many as there are.
        pub async fn pair(&self) -> (Option<u64>, Option<u64>) {
            (<-self.jobs, <-self.jobs)
        }

        /// Passes on what comes in; the number of values.
        ///
        /// # Errors
        ///
        /// When nobody receives any more.
        pub async fn pass_on(&self) -> Result<usize, vela::SendError<u64>> {
            let mut count = 0;
            for job in <-self.jobs {
                (self.out <- job + 1)?;
                count += 1;
            }
            for _ in <-self.jobs {}
            while let Some(job) = <-self.jobs {
                self.out <- job else { break };
            }
            Ok(count)
        }
    }
}

impl Stage {
    /// One round of everything that a select can wait for.
    pub async fn round(&mut self, limit: Duration, work: impl Future<Output = u64>) -> Option<u64> {
        let full = self.queue.len() > 10;
        let mut pending = self.queue.front().copied().unwrap_or_default();
        select! {
            biased;
            Some(job) = <-self.jobs, if !full => self.queue.push_back(job),
            reply = <-self.replies => match reply {
                Some(reply) => return Some(reply),
                None => self.replies = None,
            },
            self.out <- mut pending, if full => {
                self.queue.pop_front();
            }
            r = self.out <- 5 => if r.is_err() { return None },
            n = work => self.queue.push_back(n),
            _ = <-after(limit) => {}
            closed => return None,
            else => self.queue.push_back(pending),
        }
        Some(pending)
    }

    /// Ends with the context.
    pub async fn run(self, ctx: Context) {
        let Stage { jobs, out, .. } = self;
        'serve: loop {
            select! {
                Some(job) = <-jobs => for n in 0..job {
                    select! {
                        out <- n => {}
                        closed => break 'serve,
                    }
                },
                then;
                <-ctx.done() => break,
            }
        }
    }
}

/// The first value of either, and from which of a set.
pub async fn first(a: &Receiver<u64>, set: &mut Vec<Receiver<u64>>) -> Option<u64> {
    let got = select! {
        n = <-a => n,
        (i, n) = <-any(&mut *set) => {
            if n.is_none() {
                set.swap_remove(i);
            }
            n
        }
    };
    vela! {
        let more = <-a;
        let Some(again) = <-a else { return more };
    }
    got.or(Some(again))
}

/// Tasks with each clause.
///
/// # Errors
///
/// The first failure.
pub async fn tasks(values: Vec<u64>) -> vela::Result<u64> {
    let (tx, rx) = vela::channel::<u64>(1);
    let total = scope(async |s| {
        go!(in(s) name("sender") clone(tx, mut values) -> vela::Result<()> {
            values.sort_unstable();
            for value in values {
                (tx <- value)?;
            }
            Ok(())
        });
        drop(tx);
        let sum = go! {
            let mut sum = 0;
            for value in <-rx {
                sum += value;
            }
            sum
        };
        vela! { (<-sum).unwrap_or_default() }
    })
    .await?;
    let doubled = go!(double(total));
    let detached = go!(name(format!("{total}")) async_double(total));
    vela! {
        println!("{:?} {:?}", <-detached, values.len());
        Ok((<-doubled)?)
    }
}

fn double(n: u64) -> u64 {
    n * 2
}

async fn async_double(n: u64) -> u64 {
    sleep(ms(1)).await;
    double(n)
}

/// Runs to its end on a runtime of its own.
#[vela::main(flavor = "current_thread")]
pub async fn all() -> vela::Result<u64> {
    let (in_tx, jobs) = vela::channel(4);
    let (out, results) = vela::channel(4);
    let mut stage = Stage { jobs, replies: None, out, queue: VecDeque::new() };
    in_tx.send(1).await?;
    drop(in_tx);
    let round = stage.round(ms(1), std::future::pending()).await;
    let passed = stage.pass_on().await.unwrap_or_default();
    let pair = stage.pair().await;
    let ctx = Context::background().with_cancel();
    ctx.cancel();
    stage.run(ctx).await;
    let first = first(&results, &mut Vec::new()).await;
    let sum = tasks(vec![3, 1, 2]).await?;
    assert_eq!((round, passed, pair, first), (Some(0), 0, (None, None), None));
    Ok(sum)
}
