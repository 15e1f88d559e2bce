//! A TCP echo server: two tasks and a channel per connection, back-pressure, and a graceful end.
//!
//! It stops on SIGINT (Ctrl-C), on SIGTERM, and when its time is up: three reasons, one context. Then it accepts no more,
//! echoes all that it has read, and closes.
//!
//! Run it: `cargo run --release --example echo_server [port, 0 = any] [time to serve, ms] [time for clients to close, ms]`

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use vela::prelude::*;

static READ: AtomicU64 = AtomicU64::new(0);
static ECHOED: AtomicU64 = AtomicU64::new(0);

vela! {
/// One client. Its end, also that of one that vanishes, concerns nobody else.
async fn echo(socket: TcpStream, ctx: Context) -> vela::Result<()> {
    let (mut from, mut to) = socket.into_split();
    let (tx, chunks) = vela::channel::<Vec<u8>>(4); // full: who does not take his bytes is not read from
    scope(async |s| {
        go!(in(s) -> vela::Result<()> {
            for chunk in <-chunks {
                to.write_all(&chunk).await?; // an error ends the scope, and with it the reader
                ECHOED.fetch_add(chunk.len() as u64, Relaxed);
            }
            Ok(to.shutdown().await?)
        });
        let mut buffer = [0; 4096];
        loop {
            let n = select! {
                n = from.read(&mut buffer) => n?, // fair: one who sends without a pause cannot put off the end
                <-ctx.done()               => break,
            };
            if n == 0 { break; }
            READ.fetch_add(n as u64, Relaxed);
            tx <- buffer[..n].to_vec() else { break };
        }
        drop(tx); // closes the channel; the scope waits until the writer is through
        Ok(())
    })
    .await?;
    if ctx.is_cancelled() {
        // We have said that no more will come; now the client closes. Were we first, with bytes unread, the connection
        // would be reset, and the client might lose the last of its echo.
        copy(&mut from, &mut sink()).await?;
    }
    Ok(())
}

/// Serves until `ctx` ends. Then clients have so much time for their last bytes, and to close.
async fn serve(listener: TcpListener, ctx: &Context, grace: Duration) {
    let connections = Group::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(go!(in(connections) clone(ctx = *ctx) { _ = echo(socket, ctx).await; })),
                Err(error) => { // such as too many open files: it gets better when others leave
                    eprintln!("cannot accept: {error}");
                    sleep(ms(10)).await;
                }
            },
            <-ctx.done() => break,
        }
    }
    drop(listener);
    if timeout(grace, connections.join()).await.is_err() {
        println!("cut off: {}", connections.task_count()); // dropping the group cancels them
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| args.next().map_or(Ok(default), |text| text.parse());
    let (port, time, grace) = (number(7007)?, ms(number(u64::MAX)?), ms(number(5000)?));
    let ctx = Context::background().with_timeout(time);
    let stop = stop_requested()?;
    go!(clone(ctx) { ctx.cancel_with(vela::Error::msg(stop.await)); });
    let listener = TcpListener::bind(("127.0.0.1", u16::try_from(port)?)).await?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener, &ctx, grace).await;
    println!("stopped: {}", ctx.cause().map_or_else(String::new, |cause| cause.to_string()));
    println!("{} bytes read, {} echoed", READ.load(Relaxed), ECHOED.load(Relaxed));
    Ok(())
}

/// Waits until somebody asks us to stop. The handlers are in place as soon as this returns.
#[cfg(unix)]
fn stop_requested() -> std::io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move { select! { _ = interrupt.recv() => "SIGINT", _ = terminate.recv() => "SIGTERM" } })
}

#[cfg(not(unix))]
fn stop_requested() -> std::io::Result<impl Future<Output = &'static str>> {
    Ok(async { tokio::signal::ctrl_c().await.map_or("no signals", |()| "Ctrl-C") })
}
}
