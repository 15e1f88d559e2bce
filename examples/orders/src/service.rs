//! The whole: everything that runs is in one scope, and stops in one order.

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tracing::info;
use vela::config::Config;
use vela::monitor;
use vela::prelude::*;

use crate::http::{self, Site};
use crate::intake::Intake;
use crate::pipeline;
use crate::prices::Prices;
use crate::progress::Progress;
use crate::queues::Queues;
use crate::settings::Settings;
use crate::signals::{ReloadSignals, StopSignals, reload_when_told};
use crate::sqlite::Sqlite;

/// Upper ends of the buckets of all histograms, in seconds: from a free queue to one in which something is wrong.
const BUCKETS: [f64; 13] = [0.000_01, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

vela! {
/// Runs the service until it is told to stop and everything is stored.
///
/// # Errors
///
/// It could not start; or a part of it has failed; or it was told to stop once more, or took too long. Then the error says how many
/// orders are not stored.
pub async fn run(settings: Settings) -> vela::Result<()> {
    let config = Config::load(&settings.config)?.install();
    info!("environment {}:\n{}", config.environment(), config.table());
    let metrics = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    monitor::describe();

    let (ingest, queues) = Queues::by_name()?;
    let progress = Arc::new(Progress::default());
    let store = Sqlite::open(&settings.database)?;
    let prices = Prices::with_latency(settings.lookup);

    // Before anybody can know that we are there.
    let (mut stop_signals, reload_signals) = (StopSignals::new()?, ReloadSignals::new()?);
    let stop = Context::background();
    let listener = TcpListener::bind(settings.listen).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;

    let intake = Intake::new(ingest, settings.accept, stop.clone(), Arc::clone(&progress));
    let site = Site { intake, progress: Arc::clone(&progress), metrics };
    let service = scope(async |s| {
        go!(in(s) clone(progress) pipeline::run(queues, prices, store, settings.options, progress));
        go!(in(s) clone(stop) reload_when_told(reload_signals, stop));
        // Half of the time for the clients, half for what they have left in the queues.
        http::serve(listener, site, stop.clone(), settings.grace / 2).await;
        info!("no more orders; {} are in the pipeline", progress.left());
        Ok(()) // the scope waits for the pipeline, whose last sender went with `site`
    });
    select! {
        outcome = service => outcome.map_err(|error| not_stored(&error, progress.left())),
        why = told_twice(&mut stop_signals, &stop, settings.grace) => {
            // Dropping the service has cancelled all of it.
            Err(not_stored(&why, progress.left()))
        }
    }
}

/// Stops the service at the first signal; ends at the second, or when the time is over.
async fn told_twice(signals: &mut StopSignals, stop: &Context, grace: Duration) -> &'static str {
    let signal = signals.next().await; // not in `info!`, which evaluates nothing where it is switched off
    stop.cancel();
    info!("{signal}: stopping");
    select! {
        _ = signals.next() => "told to stop at once",
        <-after(grace) => "out of time",
    }
}
}

fn not_stored(why: &dyn Display, left: u64) -> vela::Error {
    vela::Error::msg(format!("{why}: {left} accepted orders are not stored"))
}
