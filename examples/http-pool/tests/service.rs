//! The service's answers, and the shape of what it measures.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use http_pool::client::Client;
use http_pool::server::{Compute, serve};
use http_pool::work::hash;
use tokio::net::TcpListener;
use vela::Overflow;
use vela::pool::CpuPool;
use vela::prelude::*;

fn small_pool() -> CpuPool {
    CpuPool::builder().threads(1).queue(1).overflow(Overflow::Reject).build().unwrap()
}

/// A server on a free port, and what stops it.
async fn start(compute: Compute) -> (SocketAddr, Context, vela::task::Task<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Context::background().with_cancel());
    let server = go!(clone(stop) serve(listener, compute, stop));
    (address, stop, server)
}

/// Holds the only thread of a pool until it is let go.
async fn hold(pool: &CpuPool) -> mpsc::Sender<()> {
    let (go, wait) = mpsc::channel();
    let (running, runs) = vela::oneshot::channel();
    let job = move || {
        running.send(()).ok();
        wait.recv().ok();
    };
    drop(pool.spawn(job).await.unwrap());
    runs.recv().await.unwrap();
    go
}

async fn eventually(what: impl Fn() -> bool) {
    while !what() {
        sleep(ms(1)).await;
    }
}

#[vela::test(tokio)]
async fn each_route_answers_with_the_pool_and_without() {
    for compute in [Compute::Pool(small_pool()), Compute::Inline] {
        let (address, stop, server) = start(compute).await;
        let mut client = Client::connect(address).await.unwrap();
        for (path, status, text) in [
            ("/ping", 200, "pong\n".to_owned()),
            ("/hash?n=3", 200, format!("{:016x}\n", hash(3))),
            ("/hash?n=0", 200, format!("{:016x}\n", hash(0))),
            ("/hash?n=1000001", 400, "/hash?n=… with a number up to 1000000\n".to_owned()),
            ("/hash?n=many", 400, "/hash?n=… with a number up to 1000000\n".to_owned()),
            ("/hash", 400, "/hash?n=… with a number up to 1000000\n".to_owned()),
            ("/", 404, "/ping, /hash?n=…\n".to_owned()),
        ] {
            let answer = client.get(path).await.unwrap();
            assert_eq!((answer.status, answer.text), (status, text), "{path}");
            assert_eq!(answer.retry_after, None, "{path}");
        }
        stop.cancel();
        server.await.unwrap();
    }
}

#[vela::test(tokio)]
async fn a_full_queue_is_said_at_once_and_pings_go_through() {
    let pool = small_pool();
    let (address, stop, server) = start(Compute::Pool(pool.clone())).await;
    let held = hold(&pool).await;
    let mut first = Client::connect(address).await.unwrap();
    let queued = go!({ first.get("/hash?n=2").await.unwrap() });
    eventually(|| pool.snapshot().queued == 1).await;

    let mut client = Client::connect(address).await.unwrap();
    let refused = client.get("/hash?n=1").await.unwrap();
    assert_eq!((refused.status, refused.retry_after.as_deref()), (503, Some("1")));
    assert_eq!(client.get("/ping").await.unwrap().status, 200);

    held.send(()).unwrap();
    assert_eq!(queued.await.unwrap().text, format!("{:016x}\n", hash(2)));
    assert_eq!(client.get("/hash?n=1").await.unwrap().status, 200);
    stop.cancel();
    server.await.unwrap();
}

#[vela::test(tokio)]
async fn the_job_of_a_client_that_goes_away_leaves_the_queue() {
    let pool = small_pool();
    let (address, stop, server) = start(Compute::Pool(pool.clone())).await;
    let held = hold(&pool).await;
    let mut client = Client::connect(address).await.unwrap();
    let waiting = go!({ client.get("/hash?n=1").await.is_ok() });
    eventually(|| pool.snapshot().queued == 1).await;
    waiting.cancel();
    eventually(|| pool.snapshot().queued == 0 && pool.snapshot().cancelled == 1).await;
    held.send(()).unwrap();
    stop.cancel();
    server.await.unwrap();
}

#[vela::test(tokio)]
async fn a_pool_that_is_shut_down_is_said() {
    let pool = small_pool();
    pool.close();
    let (address, stop, server) = start(Compute::Pool(pool)).await;
    let answer = Client::connect(address).await.unwrap().get("/hash?n=1").await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (503, "the service is shutting down\n"));
    stop.cancel();
    server.await.unwrap();
}

#[test]
fn the_program_serves() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_http-pool"));
    let mut program = command.arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    let answer = vela::block_on(async { Client::connect(address).await.unwrap().get("/hash?n=7").await.unwrap() });
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(answer.text, format!("{:016x}\n", hash(7)));
}

/// No figure is checked: on a busy machine all of them are bad.
#[test]
fn the_measurement_shows_both_and_their_ratio() {
    let output = Command::new(env!("CARGO_BIN_EXE_http-pool")).args(["measure", "0.6"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["hash", "pings", "p50", "ms", "p99", "ms", "hashes", "refused"], "{text}");
    for (line, name) in lines[1..].iter().zip(["pool", "inline"]) {
        assert_eq!((line[0], line.len()), (name, 6), "{text}");
        let figures: Vec<f64> = line[1..].iter().map(|figure| figure.parse().unwrap()).collect();
        assert!(figures[0] >= 1.0 && figures[1] > 0.0 && figures[2] >= figures[1], "{text}");
    }
    assert!(text.lines().nth(3).is_some_and(|line| line.starts_with("inline takes ")), "{text}");
    assert_eq!(lines.len(), 4);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
