//! What Tokio's facilities, threads and other sources of disorder do in a deterministic test: the table of the guide.

use std::future::Future;
use std::time::Duration;

use vela::prelude::*;
use vela::sim::{Failure, Passed, Simulation, Verdict};

fn check<F: Future<Output = ()>>(body: impl Fn() -> F) -> Result<Passed, Failure> {
    Simulation::new().schedules(50).check(body)
}

/// It panics for want of a runtime, and the report says what to use.
#[track_caller]
fn is_refused<F: Future<Output = ()>>(what: &str, body: impl Fn() -> F) {
    let Err(failure) = check(body) else { panic!("{what} works") };
    let report = failure.to_string();
    assert!(matches!(failure.verdict(), Verdict::Panicked(_)), "{what}: {report}");
    assert!(report.contains("no reactor running"), "{what}: {report}");
    assert!(report.contains("help: a deterministic test has no Tokio runtime: use `vela::time` and `go!`"), "{report}");
}

#[test]
fn tokio_time_is_refused() {
    is_refused("sleep", async || tokio::time::sleep(Duration::from_millis(1)).await);
    is_refused("interval", async || _ = tokio::time::interval(Duration::from_millis(1)).tick().await);
    is_refused("timeout", async || {
        _ = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
    });
    is_refused("sleep in a task", async || go!(tokio::time::sleep(Duration::from_millis(1))).await.unwrap());
}

#[test]
fn tokio_io_is_refused() {
    is_refused("TcpListener", async || drop(tokio::net::TcpListener::bind("127.0.0.1:0").await));
    is_refused("TcpStream", async || drop(tokio::net::TcpStream::connect("127.0.0.1:1").await));
    is_refused("UdpSocket", async || drop(tokio::net::UdpSocket::bind("127.0.0.1:0").await));
    is_refused("fs", async || drop(tokio::fs::read("Cargo.toml").await));
    is_refused("signal", async || drop(tokio::signal::ctrl_c().await));
    is_refused("stdout", async || {
        use tokio::io::AsyncWriteExt;
        _ = tokio::io::stdout().write_all(b"word").await;
    });
}

#[test]
fn tokio_tasks_are_refused() {
    is_refused("spawn", async || drop(tokio::spawn(async {}).await));
    is_refused("spawn_blocking", async || drop(tokio::task::spawn_blocking(|| ()).await));
    is_refused("JoinSet", async || drop(tokio::task::JoinSet::new().spawn(async {})));
    is_refused("Handle", async || drop(tokio::runtime::Handle::current()));
}

#[vela::test]
async fn tokio_sync_and_what_needs_no_runtime_work() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync;
    let (tx, mut rx) = sync::mpsc::channel::<u32>(1);
    let (news, mut watched) = sync::watch::channel(0);
    let (once, answer) = sync::oneshot::channel();
    let (lock, barrier) = (std::sync::Arc::new(sync::Mutex::new(0)), std::sync::Arc::new(sync::Barrier::new(2)));
    let (mut near, mut far) = tokio::io::duplex(4);
    let task = go!(clone(lock, barrier) {
        for n in 0..3 {
            tx.send(n).await.unwrap();
            *lock.lock().await += 1;
        }
        drop(tx);
        news.send(1).unwrap();
        once.send(2).unwrap();
        barrier.wait().await;
        tokio::task::yield_now().await;
        near.write_all(b"more than four").await.unwrap();
    });
    let mut sum = 0;
    while let Some(n) = rx.recv().await {
        sum += n;
    }
    watched.changed().await.unwrap();
    assert_eq!(answer.await, Ok(2));
    barrier.wait().await;
    let mut read = String::new();
    far.read_to_string(&mut read).await.unwrap();
    tokio::join!(sleep(secs(1)), sleep(secs(2)));
    tokio::select! {
        biased;
        result = task => result.unwrap(),
        () = sleep(secs(1)) => panic!("it has ended"),
    }
    assert_eq!((sum, *lock.lock().await, read.as_str()), (3, 3, "more than four"));
}

#[test]
fn a_deadlock_of_tokio_locks_is_reported_but_not_as_certain() {
    let failure = check(async || {
        let lock = tokio::sync::Mutex::new(());
        let _held = lock.lock().await;
        drop(lock.lock().await);
    })
    .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::Deadlock);
    let report = failure.to_string();
    assert!(report.contains("DEADLOCK, 1 task") && report.contains("something that is not Vela's"), "{report}");
}

#[test]
fn blocking_operations_are_refused() {
    let (tx, rx) = vela::channel::<u32>(1);
    for (name, failure) in [
        ("recv_blocking", check(async || _ = rx.recv_blocking())),
        ("send_blocking", check(async || _ = tx.send_blocking(1))),
        ("block_on", check(async || vela::block_on(async {}))),
    ] {
        let report = failure.unwrap_err().to_string();
        assert!(
            report.contains(&format!("vela: `{name}` blocks its thread, and a deterministic test has only one")),
            "{report}"
        );
    }
}

#[test]
fn a_wake_from_another_thread_is_an_error() {
    let failure = check(async || {
        let (tx, rx) = vela::channel(1);
        let mut waits = std::pin::pin!(rx.recv());
        std::future::poll_fn(|cx| waits.as_mut().poll(cx).map(drop)).await_once().await;
        std::thread::scope(|threads| drop(threads.spawn(|| tx.try_send(1).unwrap()).join()));
        waits.await;
    })
    .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::WokenFromOutside);
    assert!(failure.to_string().contains("Use `#[vela::test(tokio)]` for it"), "{failure}");
}

/// Polls a future once.
trait Once: Future<Output = ()> + Sized {
    async fn await_once(self) {
        let mut future = std::pin::pin!(self);
        std::future::poll_fn(|cx| {
            _ = future.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
    }
}

impl<F: Future<Output = ()>> Once for F {}

#[test]
fn what_depends_on_a_random_number_is_told_when_it_fails() {
    let failure = check(async || {
        let (tx, rx) = vela::channel::<u32>(64);
        let start = fastrand::usize(0..50);
        for n in 0..start as u32 {
            tx.send(n).await.unwrap();
        }
        drop(tx);
        while rx.recv().await.is_some() {}
        panic!("as it should");
    })
    .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::NotDeterministic, "{failure}");
    assert!(failure.to_string().contains("`HashMap`'s random seeds"), "{failure}");
}

#[vela::test]
async fn clocks_other_than_velas_do_not_move() {
    let (std, tokio, ours) = (std::time::Instant::now(), tokio::time::Instant::now(), vela::time::Instant::now());
    sleep(secs(3600)).await;
    assert!(std.elapsed() < Duration::from_secs(60) && tokio.elapsed() < Duration::from_secs(60));
    assert_eq!(ours.elapsed(), secs(3600));
}
