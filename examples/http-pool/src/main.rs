//! `http-pool [ADDRESS]` serves, until Ctrl-C; `http-pool measure [SECONDS]` shows what the pool is worth.

use std::time::Duration;

use http_pool::measure::measure;
use http_pool::server::{Compute, serve};
use tokio::net::TcpListener;
use vela::Overflow;
use vela::pool::CpuPool;
use vela::prelude::*;

#[vela::main]
async fn main() -> vela::Result<()> {
    let mut words = std::env::args().skip(1);
    let first = words.next();
    if first.as_deref() == Some("measure") {
        let seconds = words.next().map_or(Ok(12.0), |word| word.parse())?;
        println!("{}", measure(Duration::from_secs_f64(seconds)).await?);
        return Ok(());
    }

    // As many threads as there are cores; 64 requests that wait for one, and no more.
    let pool = CpuPool::builder().name("hash").queue(64).overflow(Overflow::Reject).build()?;
    let listener = TcpListener::bind(first.as_deref().unwrap_or("127.0.0.1:7081")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = Context::background().with_cancel();
    let server = go!(clone(pool, stop) serve(listener, Compute::Pool(pool), stop));
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    server.await?;
    let left = pool.shutdown(secs(5)).await;
    println!("stopped: {} done, {} left", pool.snapshot().done, left.cancelled + left.running);
    Ok(())
}
