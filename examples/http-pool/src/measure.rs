//! How long `/ping` takes while `/hash` is saturated: with the pool and without, in turn, in one process.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use vela::Overflow;
use vela::pool::{CpuPool, IoPool};
use vela::prelude::*;
use vela::time::Instant;

use crate::client::Client;
use crate::server::{Compute, serve};

/// Threads that serve, and threads that compute.
const THREADS: usize = 2;

/// Clients that ask for `/hash`, one request after the other.
const HASHERS: usize = 8;

/// What they ask for: some milliseconds of computing.
const HASH: &str = "/hash?n=5000";

/// Between two pings.
const PAUSE: Duration = Duration::from_millis(2);

/// How often the two take turns.
const ROUNDS: u32 = 3;

/// What was seen of one kind of server.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How long each ping took; sorted at the end.
    pub pings: Vec<Duration>,
    /// How many hashes were computed.
    pub hashes: u64,
    /// How many were turned away.
    pub refused: u64,
}

/// Both kinds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// `/hash` on a pool.
    pub pool: Seen,
    /// `/hash` in its handler.
    pub inline: Seen,
}

/// Measures both for about `time` in all.
///
/// # Errors
///
/// If a server or a client cannot be started.
pub async fn measure(time: Duration) -> vela::Result<Report> {
    let mut report = Report::default();
    let each = time / (2 * ROUNDS);
    for _ in 0..ROUNDS {
        let pool = CpuPool::builder().threads(THREADS).queue(HASHERS / 2).overflow(Overflow::Reject).build()?;
        observe(Compute::Pool(pool), each, &mut report.pool).await?;
        observe(Compute::Inline, each, &mut report.inline).await?;
    }
    report.pool.pings.sort_unstable();
    report.inline.pings.sort_unstable();
    Ok(report)
}

/// One server with its clients. It has threads of its own, and they theirs.
async fn observe(compute: Compute, time: Duration, seen: &mut Seen) -> vela::Result<()> {
    let threads = IoPool::builder().worker_threads(THREADS).thread_name("serve").build()?;
    let stop = Context::background().with_cancel();
    let (tell, told) = vela::oneshot::channel();
    let server = threads.spawn({
        let stop = stop.clone();
        async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            tell.send(listener.local_addr()?).ok();
            serve(listener, compute, stop).await;
            vela::Result::Ok(())
        }
    });
    let server = server.await?;
    let Some(address) = told.recv().await else { return server.await? };

    let end = Instant::now() + time;
    let hashers: Vec<_> = (0..HASHERS).map(|_| go!(hash_until(address, end))).collect();
    let mut client = Client::connect(address).await?;
    while Instant::now() < end {
        let start = Instant::now();
        client.get("/ping").await?;
        seen.pings.push(start.elapsed());
        sleep(PAUSE).await;
    }
    drop(client);
    for hasher in hashers {
        let (hashes, refused) = hasher.await??;
        seen.hashes += hashes;
        seen.refused += refused;
    }
    stop.cancel();
    server.await??;
    threads.shutdown(secs(5)).await;
    Ok(())
}

/// One client: how many hashes it was given, and how many not.
async fn hash_until(address: SocketAddr, end: Instant) -> vela::Result<(u64, u64)> {
    let mut client = Client::connect(address).await?;
    let (mut hashes, mut refused) = (0, 0);
    while Instant::now() < end {
        if client.get(HASH).await?.status == 200 {
            hashes += 1;
        } else {
            refused += 1;
            sleep(PAUSE).await; // a client should heed `Retry-After`; this one is in a hurry
        }
    }
    Ok((hashes, refused))
}

impl Seen {
    /// The time that this share of the pings took at most, in milliseconds.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    pub fn quantile(&self, share: f64) -> f64 {
        let at = (self.pings.len() as f64 * share) as usize;
        self.pings.get(at.min(self.pings.len().saturating_sub(1))).map_or(0.0, |ping| ping.as_secs_f64() * 1e3)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<8}{:>8}{:>10}{:>10}{:>9}{:>9}", "hash", "pings", "p50 ms", "p99 ms", "hashes", "refused")?;
        for (name, seen) in [("pool", &self.pool), ("inline", &self.inline)] {
            let (p50, p99) = (seen.quantile(0.5), seen.quantile(0.99));
            let (pings, hashes, refused) = (seen.pings.len(), seen.hashes, seen.refused);
            writeln!(f, "{name:<8}{pings:>8}{p50:>10.3}{p99:>10.3}{hashes:>9}{refused:>9}")?;
        }
        let ratio = |share| self.inline.quantile(share) / self.pool.quantile(share).max(f64::MIN_POSITIVE);
        write!(f, "inline takes {:.1} times as long at p50, {:.1} times at p99", ratio(0.5), ratio(0.99))
    }
}
