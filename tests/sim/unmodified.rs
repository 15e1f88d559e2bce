//! Unmodified user code in a deterministic test: every form of the language, every kind of channel, time, scopes, contexts.

use std::pin::pin;
use std::sync::Arc;

use vela::prelude::*;

#[vela::test]
async fn tasks_channels_and_select() {
    let (tx, rx) = vela::channel::<u32>(1);
    let (done_tx, done) = vela::channel::<u32>(0);
    let worker = go!(name("worker") {
        for n in <-rx {
            done_tx <- n * 2 else { break };
        }
    });
    let mut got = Vec::new();
    let feeder = go!({
        for n in 0..3 {
            tx <- n else { break };
        }
    });
    vela! {
        while got.len() < 3 {
            select! {
                Some(n) = <-done => got.push(n),
                _ = <-after(secs(1)) => panic!("time moves only when nothing can run"),
            }
        }
        (<-feeder).unwrap();
        (<-worker).unwrap();
    }
    assert_eq!(got, [0, 2, 4]);
}

/// Every form of send and receive, in blocks, calls, loops and clauses.
#[vela::test(faults = "spurious")]
async fn arrows_and_tasks() {
    async fn double(rx: Receiver<u32>, out: Sender<u32>) -> u32 {
        let mut n = 0;
        vela! {
            for v in <-rx {
                out <- v * 2 else { return n };
                n += 1;
            }
        }
        n
    }
    let (tx, rx) = vela::unbounded();
    let (out, results) = channel(0);
    let call = go!(double(rx, out));
    let block = go!(name("feeder") clone(tx) -> vela::Result<u32> {
        tx <- 1 else { return Ok(0) };
        (tx <- 2)?;
        Ok(2)
    });
    drop(tx);
    vela! {
        let mut got = Vec::new();
        while let Some(v) = <-results { got.push(v); }
        assert_eq!(got, [2, 4]);
        assert_eq!((<-call).unwrap(), 2);
        assert_eq!((<-block).unwrap().unwrap(), 2);
    }
}

#[vela::test]
async fn every_form_of_select() {
    let (tx, rx) = channel::<u32>(1);
    let (idle_tx, idle) = channel::<u32>(0);
    assert!(select! { _ = <-rx => false, else => true });
    assert!(select! { biased; tx <- 1 => true, else => false });
    let mut pending = 2;
    let sent = select! { tx <- mut pending => true, _ = <-after(ms(1)) => { pending += 1; false } };
    assert!(!sent && pending == 3);
    let wanted = false;
    let got = select! {
        Some(v) = <-idle, if wanted => v,
        Some(v) = <-rx => v,
        closed => 0,
    };
    assert_eq!(got, 1);
    let first =
        select! { () = sleep(secs(2)) => "future", _ = <-tick(secs(1)) => "ticker", then; _ = <-idle => "idle" };
    assert_eq!(first, "ticker");
    drop(tx);
    let mut inputs = [rx, idle];
    assert_eq!(select! { (i, v) = <-any(&mut inputs) => (i, v) }, (0, None));
    let mut set = vela::SelectSet::new();
    let [_, idle] = inputs;
    let (_open, rx) = channel::<u32>(1);
    set.insert(idle);
    drop(idle_tx);
    assert_eq!(select! { round = <-set => round }, (0, None));
    assert_eq!(vela::Select::new().recv(&rx, |_| 0).or_else(|| 5).wait().await, Some(5));
}

#[vela::test]
async fn channels_of_every_kind() -> vela::Result<()> {
    use futures_util::{SinkExt, StreamExt};
    let (tx, rx) = Channel::bounded(1).overflow(Overflow::DropOldest).build()?;
    for n in 0..3 {
        tx.send(n).await?;
    }
    assert_eq!((rx.recv().await, rx.dropped()), (Some(2), 2));
    let (one, answer) = vela::oneshot::channel();
    go!({ one.send(7).ok() });
    assert_eq!(answer.recv().await, Some(7));
    let (news, listener) = vela::broadcast::channel(2);
    go!({ news.send("hi").ok() });
    assert_eq!(listener.recv().await.unwrap()?, "hi");
    let (state, view) = vela::watch::channel(0);
    go!({
        for n in 1..=3 {
            state.set(n);
            vela::task::yield_now().await;
        }
    });
    assert_eq!(view.wait_for(|&n| n == 3).await, Some(3));
    let (tx, rx) = channel(0);
    go!({
        let mut sink = tx.sink();
        for n in 0..2 {
            sink.send(n).await.ok();
        }
    });
    assert_eq!(rx.stream().collect::<Vec<_>>().await, [0, 1]);
    Ok(())
}

#[vela::test(faults = "spurious, delay")]
async fn scopes_groups_and_contexts() -> vela::Result<()> {
    let sum = scope(async |s| {
        let a = go!(in(s) { sleep(secs(1)).await; 40 });
        let b = go!(in(s) { 2 });
        Ok(a.await? + b.await?)
    })
    .await?;
    assert_eq!(sum, 42);
    let group = Group::with_limit(2);
    let (work, semaphore) = (WaitGroup::new(), vela::sync::Semaphore::new(1));
    for _ in 0..3 {
        let one = work.add();
        go!(in(group) clone(semaphore) { let _permit = semaphore.acquire(1).await; drop(one); });
    }
    work.wait().await;
    group.join().await?;
    let ctx = Context::background().with_timeout(secs(60)).with_value("request 7");
    let task = ctx.enter(|| go!({ Context::current().value::<&str>().copied() }));
    assert_eq!(task.await?, Some("request 7"));
    ctx.done().await;
    assert!(ctx.is_cancelled());
    let stuck = go!({ std::future::pending::<()>().await });
    stuck.cancel();
    assert!(stuck.await.unwrap_err().is_cancelled());
    Ok(())
}

#[vela::test]
async fn hours_pass_in_no_time() {
    let real = std::time::Instant::now();
    let start = vela::time::Instant::now();
    let ticker = tick(secs(600));
    for _ in 0..6 {
        ticker.recv().await;
    }
    sleep(secs(3600 * 22)).await;
    assert!(timeout(secs(3600), std::future::pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), secs(24 * 3600));
    assert!(real.elapsed() < secs(20));
}

#[vela::test]
#[should_panic(expected = "`recv_blocking` blocks its thread, and a deterministic test has only one")]
async fn blocking_ends_are_refused() {
    channel::<u8>(1).1.recv_blocking();
}

#[vela::test(strategy = "exhaustive", faults = "cancel")]
async fn exhaustively() {
    let (tx, rx) = channel(0);
    let sender = go!({ tx.send(1).await.unwrap() });
    let got = rx.recv().await;
    assert_eq!(got.is_some(), sender.await.is_ok());
}

/// What the library does in a task of its own is done, whatever else a fault ends.
#[vela::test(strategy = "exhaustive", faults = "cancel, panic")]
async fn faults_end_no_task_of_the_library() {
    Context::background().with_timeout(ms(1)).token().cancelled().await;
}

/// An event that is heard only by who waits, as a signal of the system is: the future is made before the loop, and lent to each round.
#[vela::test]
async fn an_event_during_a_body_is_seen_in_the_next_round() {
    let (tx, jobs) = vela::channel::<u64>(1);
    let event = Arc::new(tokio::sync::Notify::new());
    let (ready, is_ready) = vela::oneshot::channel();
    let worker = go!(clone(event) {
        let mut stop = pin!(event.notified());
        stop.as_mut().enable();
        ready.send(()).unwrap();
        loop {
            select! {
                Some(job) = <-jobs => sleep(ms(job)).await,
                _ = &mut stop => break,
                closed => panic!("the sender lives"),
            }
        }
    });
    is_ready.recv().await.unwrap();
    tx.send(1000).await.unwrap();
    go!({
        sleep(ms(500)).await;
        event.notify_waiters()
    });
    worker.await.unwrap();
    drop(tx);
}
