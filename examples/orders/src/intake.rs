//! The way into the pipeline, and what *accepted* means.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use vela::SendErrorKind;
use vela::context::Context;
use vela::flow::{RequestError, call};
use vela::prelude::*;

use crate::order::{Order, Outcome};
use crate::progress::Progress;
use crate::queues::Job;

/// When a client is told that its order is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// As soon as the pipeline has it. It will be stored unless the process is killed or the machine fails.
    Queued,
    /// When it is stored. Slower for the one who waits; nothing that was answered can be lost.
    Stored,
}

/// What the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The pipeline has the order.
    Queued,
    /// The order has gone through, and this has become of it.
    Settled(Outcome),
    /// There is no room; later there may be.
    Busy,
    /// No more orders are taken.
    Stopping,
    /// The pipeline has failed, and took the order with it.
    Lost,
}

/// Takes orders while it may. The last clone that is dropped lets the pipeline run dry and end.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: Sender<Job>,
    accept: Accept,
    stop: Context,
    progress: Arc<Progress>,
}

impl Intake {
    /// Puts orders into `queue` until `stop` ends, and counts them in `progress`.
    #[must_use]
    pub fn new(queue: Sender<Job>, accept: Accept, stop: Context, progress: Arc<Progress>) -> Self {
        Self { queue, accept, stop, progress }
    }

    /// Takes one order.
    ///
    /// # Cancel safety
    ///
    /// An order that has no room yet when the future is dropped (its client has gone) is not accepted. Later it goes its way, and only
    /// its answer is unwanted.
    pub async fn take(&self, order: Order) -> Answer {
        // Who waits for room already may still get it. That is over soon: the queue's policy is a timeout.
        if self.stop.is_cancelled() {
            return Answer::Stopping;
        }
        let answer = match self.accept {
            Accept::Queued => match self.queue.send(Job { order, reply: None }).await {
                Ok(()) => Answer::Queued,
                Err(unsent) => refusal(unsent.kind()),
            },
            Accept::Stored => match call(&self.queue, |reply| Job { order, reply: Some(reply) }).await {
                Ok(outcome) => Answer::Settled(outcome),
                Err(RequestError::Unsent(unsent)) => refusal(unsent.kind()),
                Err(_) => Answer::Lost,
            },
        };
        if matches!(answer, Answer::Queued | Answer::Settled(_)) {
            self.progress.accepted.fetch_add(1, Relaxed);
        }
        answer
    }
}

fn refusal(kind: SendErrorKind) -> Answer {
    if kind == SendErrorKind::Closed { Answer::Stopping } else { Answer::Busy }
}
