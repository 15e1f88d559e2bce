//! The same pipeline under the simulator, with a store in memory: in each schedule, wherever the stop comes, each accepted order is
//! stored exactly once. (In the service the file's primary key would hide a second time.)

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orders::intake::{Accept, Answer, Intake};
use orders::order::{Order, Outcome};
use orders::pipeline::{self, Options};
use orders::prices::Prices;
use orders::progress::Progress;
use orders::queues::Queues;
use orders::store::{Row, Store};
use vela::prelude::*;

const CLIENTS: usize = 3;
const ORDERS: usize = 4;
const OPTIONS: Options = Options { workers: 2, batch: 3, linger: Duration::from_millis(2) };

/// Keeps what it is given, in the order in which it comes.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Row>>>);

impl Shelf {
    fn times(&self, id: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|(order, _)| order.id == id).count()
    }
}

impl Store for Shelf {
    async fn save(&mut self, rows: Vec<Row>) -> vela::Result<()> {
        sleep(ms(1)).await;
        self.0.lock().unwrap().extend(rows);
        Ok(())
    }
}

/// A store that cannot.
struct Full;

impl Store for Full {
    async fn save(&mut self, _: Vec<Row>) -> vela::Result<()> {
        Err(vela::Error::msg("the disk is full"))
    }
}

/// Every third is a dead letter: of the one kind or the other.
fn order(client: usize, n: usize) -> Order {
    let (item, quantity) = match (client + n) % 6 {
        0 => ("tea", 0),
        3 => ("gravel", 1),
        _ => ("tea", 1),
    };
    Order { id: format!("order-{client}-{n}"), item: item.to_owned(), quantity }
}

/// What the clients were told, by order; `None`: a client that did not wait for its answer.
type Told = BTreeMap<String, Option<Answer>>;

/// Sends orders one after the other. An impatient client goes away 2 ms after each, as one who closes the connection.
async fn client(name: usize, intake: Intake, impatient: bool, shelf: Shelf) -> Told {
    let mut told = Told::new();
    for n in 0..ORDERS {
        let order = order(name, n);
        let id = order.id.clone();
        let answer =
            if impatient { timeout(ms(2), intake.take(order)).await.ok() } else { Some(intake.take(order).await) };
        if let Some(Answer::Settled(_)) = answer {
            assert_eq!(shelf.times(&id), 1, "{id} is answered before it is stored");
        }
        told.insert(id, answer);
    }
    told
}

/// Some clients, and a stop after `stop_after`.
async fn run(capacity: usize, accept: Accept, stop_after: Duration) -> vela::Result<()> {
    let shelf = Shelf::default();
    let (ingest, queues) = Queues::with_capacity(capacity, ms(2))?;
    let stop = Context::background();
    let progress = Arc::new(Progress::default());
    let told = scope(async |s| {
        let intake = Intake::new(ingest, accept, stop.clone(), Arc::clone(&progress));
        go!(in(s) clone(shelf, progress)
            pipeline::run(queues, Prices::with_latency(ms(1)), shelf, OPTIONS, progress));
        let clients: Vec<_> =
            (0..CLIENTS).map(|name| go!(in(s) clone(intake, shelf) client(name, intake, name == 0, shelf))).collect();
        drop(intake); // as the server does: with the last client the first queue closes
        sleep(stop_after).await;
        stop.cancel();
        let mut told = Told::new();
        for client in clients {
            told.extend(client.await?);
        }
        Ok(told)
    })
    .await?; // the pipeline has run dry, without a failure

    for (id, answer) in &told {
        match (answer, shelf.times(id)) {
            (Some(Answer::Queued | Answer::Settled(_)), 1)
            | (Some(Answer::Busy | Answer::Stopping), 0)
            | (None, 0 | 1) => {}
            (answer, times) => panic!("{id} was answered {answer:?}, and stored {times} times"),
        }
    }
    let rejected =
        shelf.0.lock().unwrap().iter().filter(|(_, outcome)| matches!(outcome, Outcome::Rejected(_))).count();
    let stored = shelf.0.lock().unwrap().len() - rejected;
    assert_eq!((progress.stored(), progress.rejected(), progress.left()), (stored as u64, rejected as u64, 0));
    Ok(())
}

#[vela::test(schedules = 1000)]
async fn a_stop_at_any_moment_loses_no_order_that_was_queued() -> vela::Result<()> {
    for millis in [0, 1, 3, 7, 100] {
        run(1, Accept::Queued, ms(millis)).await?;
    }
    Ok(())
}

#[vela::test(schedules = 1000)]
async fn a_stop_at_any_moment_loses_no_order_without_buffers() -> vela::Result<()> {
    for millis in [0, 2, 5] {
        run(0, Accept::Queued, ms(millis)).await?;
    }
    Ok(())
}

#[vela::test(schedules = 1000)]
async fn who_is_told_that_it_is_stored_finds_it_stored() -> vela::Result<()> {
    for millis in [0, 1, 3, 7, 100] {
        run(3, Accept::Stored, ms(millis)).await?;
    }
    Ok(())
}

#[vela::test(schedules = 1000)]
async fn a_store_that_fails_ends_the_pipeline_and_nobody_waits_for_ever() -> vela::Result<()> {
    let (ingest, queues) = Queues::with_capacity(1, ms(2))?;
    let intake = Intake::new(ingest, Accept::Stored, Context::background(), Arc::default());
    let pipeline = go!(pipeline::run(queues, Prices::with_latency(ms(1)), Full, OPTIONS, Arc::default()));
    let clients: Vec<_> =
        (0..CLIENTS).map(|name| go!(clone(intake) client(name, intake, false, Shelf::default()))).collect();
    for client in clients {
        for (id, answer) in client.await? {
            assert!(matches!(answer, Some(Answer::Lost | Answer::Busy | Answer::Stopping)), "{id}: {answer:?}");
        }
    }
    assert_eq!(pipeline.await?.unwrap_err().to_string(), "the disk is full");
    Ok(())
}
