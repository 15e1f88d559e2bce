//! The stages that orders go through: validate, enrich, store.
//!
//! A stage is a loop over its input. It ends when its input is closed and empty, drops the senders of its outputs, and so the next
//! one ends: the pipeline runs dry from its beginning, and nothing else is needed to stop it without a loss. If a stage fails, the
//! scope cancels the others.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tracing::info;
use vela::flow;
use vela::prelude::*;

use crate::order::Outcome;
use crate::prices::Prices;
use crate::progress::Progress;
use crate::queues::{Done, Event, Job, Queues};
use crate::store::Store;

/// How the stages work.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many prices are looked up at a time.
    pub workers: usize,
    /// How many orders go into one transaction, at most.
    pub batch: usize,
    /// How long an order waits for others to share its transaction, at most.
    pub linger: Duration,
}

vela! {
/// Runs until the first queue is closed and everything is stored.
///
/// # Errors
///
/// The store's. Orders that were not stored are lost, but in [`Accept::Stored`](crate::intake::Accept) nobody was told that they were
/// accepted.
///
/// # Cancel safety
///
/// Orders that were not stored are lost when the future is dropped.
pub async fn run(
    queues: Queues,
    prices: Prices,
    store: impl Store,
    options: Options,
    progress: Arc<Progress>,
) -> vela::Result<()> {
    let Queues { ingest, valid, enriched, rejected, audit } = queues;
    scope(async move |s| {
        go!(in(s) clone(audit = audit.0, rejected = rejected.0) validate(ingest, valid.0, rejected, audit));
        for _ in 0..options.workers {
            go!(in(s) clone(valid = valid.1, enriched = enriched.0, rejected = rejected.0)
                enrich(valid, prices, enriched, rejected));
        }
        go!(in(s) keep(enriched.1, rejected.1, store, options, audit.0, progress));
        go!(in(s) tell(audit.1));
        Ok(())
    })
    .await
}

/// Lets through what makes sense.
async fn validate(ingest: Receiver<Job>, valid: Sender<Job>, rejected: Sender<Done>, audit: Sender<Event>) {
    for job in <-ingest {
        _ = audit <- Event { id: job.order.id.clone(), what: "taken" };
        // A send fails only if the next stage has failed, and then the scope is about to cancel us.
        match job.order.check() {
            Ok(())      => { valid <- job else { return }; }
            Err(reason) => { rejected <- job.done(Outcome::Rejected(reason)) else { return }; }
        }
    }
}

/// Adds the price. There are several of these, so orders overtake each other: they have nothing to do with one another, and in
/// order a slow answer would hold up those behind it.
async fn enrich(valid: Receiver<Job>, prices: Prices, enriched: Sender<Done>, rejected: Sender<Done>) {
    for job in <-valid {
        match prices.look_up(&job.order.item).await {
            Some(cents) => {
                let cents = cents * u64::from(job.order.quantity);
                enriched <- job.done(Outcome::Priced(cents)) else { return };
            }
            None => {
                let reason = format!("there is no {:?}", job.order.item);
                rejected <- job.done(Outcome::Rejected(reason)) else { return };
            }
        }
    }
}

/// Stores what comes, in batches: a transaction costs a sync of the disk, however many orders are in it.
async fn keep(
    enriched: Receiver<Done>,
    rejected: Receiver<Done>,
    mut store: impl Store,
    options: Options,
    audit: Sender<Event>,
    progress: Arc<Progress>,
) -> vela::Result<()> {
    let mut orders = flow::batch(enriched, options.batch, options.linger);
    let mut letters = flow::batch(rejected, options.batch, options.linger);
    loop {
        // While one batch is being stored the other one waits in its channel; nothing that was gathered is lost by a select.
        let (batch, count, what) = select! {
            Some(batch) = <-orders  => (batch, &progress.stored, "stored"),
            Some(batch) = <-letters => (batch, &progress.rejected, "rejected"),
            closed => return Ok(()),
        };
        let mut rows = Vec::with_capacity(batch.len());
        let mut news = Vec::with_capacity(batch.len());
        for Done { order, outcome, reply } in batch {
            news.push((order.id.clone(), reply.map(|reply| (reply, outcome.clone()))));
            rows.push((order, outcome));
        }
        store.save(rows).await?;
        count.fetch_add(news.len() as u64, Relaxed);
        for (id, answer) in news {
            if let Some((reply, outcome)) = answer {
                _ = reply.send(outcome); // the client may have gone
            }
            _ = audit <- Event { id, what };
        }
    }
}

/// Writes the audit. Its queue drops the oldest when it is full: a slow log must not hold up orders.
async fn tell(audit: Receiver<Event>) {
    for event in <-audit {
        info!(target: "orders::audit", id = event.id, "{}", event.what);
    }
}
}
