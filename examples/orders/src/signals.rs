//! What the operator tells the process: to stop, and to read its configuration again.

use std::io;

use tracing::{error, info, warn};
use vela::config;
use vela::prelude::*;
use vela::task::spawn_blocking;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{io, select};

    /// SIGTERM and SIGINT. Those that come from `new` on are not lost.
    #[derive(Debug)]
    pub struct StopSignals {
        terminate: Signal,
        interrupt: Signal,
    }

    impl StopSignals {
        /// From now on these signals do not end the process.
        ///
        /// # Errors
        ///
        /// The system's.
        pub fn new() -> io::Result<Self> {
            Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
        }

        /// The next one, by its name.
        pub async fn next(&mut self) -> &'static str {
            select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
            }
        }
    }

    /// SIGHUP.
    #[derive(Debug)]
    pub struct ReloadSignals(Signal);

    impl ReloadSignals {
        /// From now on this signal does not end the process.
        ///
        /// # Errors
        ///
        /// The system's.
        pub fn new() -> io::Result<Self> {
            Ok(Self(signal(SignalKind::hangup())?))
        }

        /// Waits for the next one.
        pub async fn next(&mut self) {
            self.0.recv().await;
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::io;

    /// Ctrl-C.
    #[derive(Debug)]
    pub struct StopSignals;

    impl StopSignals {
        /// Never fails.
        ///
        /// # Errors
        ///
        /// None.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// The next one, by its name.
        pub async fn next(&mut self) -> &'static str {
            match tokio::signal::ctrl_c().await {
                Ok(()) => "Ctrl-C",
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// There is no such signal here.
    #[derive(Debug)]
    pub struct ReloadSignals;

    impl ReloadSignals {
        /// Never fails.
        ///
        /// # Errors
        ///
        /// None.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Never comes.
        pub async fn next(&mut self) {
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
pub use elsewhere::{ReloadSignals, StopSignals};
#[cfg(unix)]
pub use unix::{ReloadSignals, StopSignals};

/// Reads the configuration again at each signal, until `stop` ends.
///
/// # Errors
///
/// A panic while reading.
pub async fn reload_when_told(mut signals: ReloadSignals, stop: Context) -> vela::Result<()> {
    loop {
        select! {
            _ = signals.next() => spawn_blocking(reload).await?, // it reads files
            <-stop.done() => return Ok(()),
        }
    }
}

fn reload() {
    let Some(config) = config::installed() else { return };
    match config.reload() {
        Ok(reload) => {
            for change in reload.changes() {
                info!("configuration: {change}");
            }
            let changes = reload.changes().len();
            let pending = reload.install();
            for pending in &pending {
                warn!("configuration: pending until the next start: {pending}");
            }
            info!("configuration: read again, {changes} changes, {} of them pending", pending.len());
        }
        // All or nothing: with one mistake everything stays as it was.
        Err(error) => error!("configuration: stays as it was:\n{error}"),
    }
}
