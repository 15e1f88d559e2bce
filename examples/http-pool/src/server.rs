//! The service. Each connection is a task of one group, which ends with the server.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use vela::pool::{CpuPool, SpawnErrorKind};
use vela::prelude::*;

use crate::work;

/// The largest `n` that is taken.
pub const MOST: u32 = 1_000_000;

/// Where `/hash` computes.
#[derive(Clone, Debug)]
pub enum Compute {
    /// On a pool. Its policy is [`Reject`](vela::Overflow::Reject): who waits for room would hold a connection.
    Pool(CpuPool),
    /// In the handler, on the thread that serves others, too: for comparison.
    Inline,
}

vela! {
/// Serves until `stop` ends. Requests that have begun are answered then.
pub async fn serve(listener: TcpListener, compute: Compute, stop: Context) {
    let compute = Arc::new(compute);
    let connections = Group::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(go!(in(connections) clone(compute, stop) serve_one(socket, compute, stop))),
                Err(error) => { // such as too many open files: it gets better when others leave
                    eprintln!("cannot accept: {error}");
                    sleep(ms(10)).await;
                }
            },
            <-stop.done() => break,
        }
    }
    drop(listener);
    _ = connections.join().await; // the end of a connection is no failure
}

/// One client. When it goes away, so does its handler, and with it a job of its own that is still in the queue.
async fn serve_one(socket: TcpStream, compute: Arc<Compute>, stop: Context) {
    let answer = service_fn(async |request| Ok::<_, Infallible>(answer(request, &compute).await));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), answer);
    let mut connection = pin!(connection);
    let served = select! {
        served = connection.as_mut() => served,
        <-stop.done() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    drop(served); // that a client has vanished concerns nobody else
}
}

async fn answer(request: Request<Incoming>, compute: &Compute) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/ping" => text(StatusCode::OK, "pong"),
        "/hash" => match number(request.uri().query()) {
            Some(n) => hash(n, compute).await,
            None => text(StatusCode::BAD_REQUEST, "/hash?n=… with a number up to 1000000"),
        },
        _ => text(StatusCode::NOT_FOUND, "/ping, /hash?n=…"),
    }
}

fn number(query: Option<&str>) -> Option<u32> {
    query?.strip_prefix("n=")?.parse().ok().filter(|n| *n <= MOST)
}

async fn hash(n: u32, compute: &Compute) -> Response<Full<Bytes>> {
    let hashed = match compute {
        Compute::Pool(pool) => pool.run(move || work::hash(n)).await,
        Compute::Inline => Ok(work::hash(n)),
    };
    match hashed {
        Ok(hash) => text(StatusCode::OK, &format!("{hash:016x}")),
        Err(error) => match error.refused() {
            Some(SpawnErrorKind::Full) => unavailable("there is no room, try again later"),
            Some(_) => unavailable("the service is shutting down"),
            None => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
    }
}

fn unavailable(why: &str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn text(status: StatusCode, line: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{line}\n")));
    *response.status_mut() = status;
    response
}
