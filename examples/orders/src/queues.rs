//! The queues between the stages, all of them bounded, each with a name.
//!
//! What a full one does is said in `config/base.toml`, with the reasons.

use std::time::Duration;

use vela::flow::Reply;
use vela::{BuildError, Channel, Overflow, Receiver, Sender};

use crate::order::{Order, Outcome};

/// An order on its way, and who waits for its outcome, if somebody does.
#[derive(Debug)]
pub struct Job {
    /// The order.
    pub order: Order,
    /// Where the outcome goes, once it is in the store.
    pub reply: Option<Reply<Outcome>>,
}

impl Job {
    pub(crate) fn done(self, outcome: Outcome) -> Done {
        Done { order: self.order, outcome, reply: self.reply }
    }
}

/// An order that is ready for the store.
#[derive(Debug)]
pub struct Done {
    /// The order.
    pub order: Order,
    /// What has become of it.
    pub outcome: Outcome,
    /// Where the outcome goes, once it is in the store.
    pub reply: Option<Reply<Outcome>>,
}

/// Something that has happened to an order.
#[derive(Debug)]
pub struct Event {
    /// The order's id.
    pub id: String,
    /// What.
    pub what: &'static str,
}

type Queue<T> = (Sender<T>, Receiver<T>);

/// What the stages need: all ends but the sender of the first queue. Whoever has that decides how long the pipeline runs.
#[derive(Debug)]
pub struct Queues {
    /// From the clients.
    pub ingest: Receiver<Job>,
    /// Orders that make sense.
    pub valid: Queue<Job>,
    /// Orders with their price.
    pub enriched: Queue<Done>,
    /// Orders that do not make sense.
    pub rejected: Queue<Done>,
    /// For the audit.
    pub audit: Queue<Event>,
}

impl Queues {
    /// As the configuration of the process says.
    ///
    /// # Errors
    ///
    /// The configuration has no such queue.
    pub fn by_name() -> Result<(Sender<Job>, Self), BuildError> {
        let (first, ingest) = Channel::named("orders.ingest").build()?;
        let queues = Self {
            ingest,
            valid: Channel::named("orders.valid").build()?,
            enriched: Channel::named("orders.enriched").build()?,
            rejected: Channel::named("orders.rejected").build()?,
            audit: Channel::named("orders.audit").build()?,
        };
        Ok((first, queues))
    }

    /// All of the same capacity, without a configuration: for tests. Who finds no room waits for `patience`.
    ///
    /// # Errors
    ///
    /// None.
    pub fn with_capacity(capacity: usize, patience: Duration) -> Result<(Sender<Job>, Self), BuildError> {
        let (first, ingest) = Channel::bounded(capacity).overflow(Overflow::Timeout(patience)).build()?;
        let queues = Self {
            ingest,
            valid: vela::channel(capacity),
            enriched: vela::channel(capacity),
            rejected: vela::channel(capacity),
            audit: vela::channel(capacity),
        };
        Ok((first, queues))
    }
}
