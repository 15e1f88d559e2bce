//! IO pools and hybrid pools on real threads.

mod wakers;

use std::pin::pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use vela_core::context::Context;
use vela_core::time::timeout;
use vela_core::{Overflow, block_on};
use vela_pool::{CpuPool, HybridPool, IoPool, SpawnErrorKind};

use self::wakers::{Woken, poll, shrill};

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

fn own() -> IoPool {
    IoPool::builder().worker_threads(1).thread_name("ours").build().unwrap()
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[test]
fn work_runs_on_the_runtime_of_the_pool_and_so_does_what_it_starts() {
    let pool = own();
    block_on(async {
        let task =
            pool.spawn(async { (thread_name(), vela_core::task::spawn(async { thread_name() }).await.unwrap()) });
        assert_eq!(task.await.unwrap().await.unwrap(), ("ours".to_owned(), "ours".to_owned()));
        assert_ne!(vela_core::task::spawn(async { thread_name() }).await.unwrap(), "ours", "others run where they did");
        let blocking = pool.spawn_blocking(thread_name).unwrap();
        assert_eq!(blocking.await.unwrap(), "ours");
    });
    assert_eq!((pool.snapshot().done, pool.snapshot().running), (2, 0));
}

#[test]
fn without_a_runtime_of_its_own_work_runs_where_it_is_submitted() {
    let pool = IoPool::current(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("theirs").build().unwrap();
    let name = runtime.block_on(async { pool.spawn(async { thread_name() }).await.unwrap().await.unwrap() });
    assert_eq!(name, "theirs");
}

#[test]
fn context_name_and_place_come_along() {
    let pool = own();
    block_on(async {
        let context = Context::background().with_value(7_u32);
        let line = line!() + 1;
        let spawn = context.enter(|| pool.spawn(async { Context::current().value::<u32>().copied() }));
        let task = context.run(spawn).await.unwrap();
        assert!(task.spawned_at().file().ends_with("io.rs") && task.spawned_at().line() == line, "{task:?}");
        assert_eq!(task.await.unwrap(), Some(7));
    });
}

#[test]
fn the_limit_holds_and_a_cancelled_future_gives_its_place_back() {
    let pool = IoPool::builder().worker_threads(1).limit(1).build().unwrap();
    block_on(async {
        let first = pool.spawn(std::future::pending::<()>()).await.unwrap();
        assert_eq!(pool.try_spawn(async {}).unwrap_err().kind(), SpawnErrorKind::Full);
        assert!(timeout(SOON, pool.spawn(async {})).await.is_err());
        first.cancel();
        assert_eq!(pool.run(async { 7 }).await.unwrap(), 7);
        assert!(first.await.unwrap_err().is_cancelled());
    });
    let seen = pool.snapshot();
    assert_eq!((seen.done, seen.cancelled, seen.rejected, seen.high_water), (1, 1, 1, 1));
}

/// Neither who frees a place, nor who closes the pool, nor those behind it.
#[test]
fn a_waker_in_line_that_panics_hits_nobody() {
    let pool = IoPool::builder().worker_threads(1).limit(1).build().unwrap();
    let (go, wait) = vela_core::oneshot::channel::<()>();
    let first = pool.try_spawn(async move { wait.recv().await.is_some() }).unwrap();
    let mut broken = pin!(pool.spawn(async { 2 }));
    assert!(poll(broken.as_mut(), &shrill()).is_pending());
    go.send(()).unwrap();
    assert!(first.join_blocking().unwrap());
    assert_eq!(block_on(broken).unwrap().join_blocking().unwrap(), 2);

    let never = pool.try_spawn(std::future::pending::<()>()).unwrap();
    let woken = [(); 2].map(|()| Arc::<Woken>::default());
    let [one, other] = woken.clone().map(Waker::from);
    let mut line = Vec::new();
    for waker in [one, shrill(), shrill(), other] {
        line.push(Box::pin(pool.spawn(async {})));
        assert!(poll(line.last_mut().unwrap().as_mut(), &waker).is_pending());
    }
    assert!(pool.close());
    assert!(woken.iter().all(|woken| woken.0.load(SeqCst)));
    for spawn in line {
        assert_eq!(block_on(spawn).unwrap_err().kind(), SpawnErrorKind::Closed);
    }
    never.cancel();
}

#[test]
fn panics_are_counted_and_free_the_place() {
    let pool = IoPool::builder().worker_threads(1).limit(1).build().unwrap();
    block_on(async {
        let task = pool.spawn(async { panic!("broken pipe") }).await.unwrap();
        assert_eq!(task.await.unwrap_err().into_panic().unwrap().message(), "broken pipe");
        assert_eq!(pool.run(async { 7 }).await.unwrap(), 7);
    });
    assert_eq!((pool.snapshot().panicked, pool.snapshot().done), (1, 1));
}

#[test]
fn shutdown_cancels_what_is_left_and_counts_closures_that_block() {
    let pool = own();
    let (go, wait) = mpsc::channel::<()>();
    let blocking = pool.spawn_blocking(move || wait.recv().is_ok()).unwrap();
    block_on(async {
        let never = pool.spawn(std::future::pending::<()>()).await.unwrap();
        let left = pool.shutdown(SOON).await;
        assert_eq!((left.cancelled, left.running), (1, 1));
        assert!(never.await.unwrap_err().is_cancelled());
        assert_eq!(pool.spawn(async { 1 }).await.unwrap_err().into_inner().await, 1);
        assert_eq!(pool.spawn_blocking(|| 2).unwrap_err().into_inner()(), 2);
    });
    go.send(()).unwrap();
    assert!(blocking.join_blocking().unwrap());
    assert!(block_on(pool.shutdown(LONG)).is_nothing());
}

/// It may return before it comes to an `.await`, where it would be cancelled.
#[test]
fn a_future_that_computes_when_it_is_stopped_counts_as_what_becomes_of_it() {
    for (then_waits, at_once) in [(false, false), (false, true), (true, false), (true, true)] {
        let pool = own();
        let ((begun, begins), (go, wait)) = (mpsc::channel(), mpsc::channel::<()>());
        let task = pool.try_spawn(async move {
            begun.send(()).unwrap();
            wait.recv().unwrap();
            if then_waits {
                std::future::pending::<()>().await;
            }
        });
        begins.recv().unwrap();
        let left = if at_once {
            let mut bye = pin!(pool.shutdown_now(LONG));
            assert!(poll(bye.as_mut(), Waker::noop()).is_pending());
            go.send(()).unwrap();
            let left = block_on(bye);
            assert_eq!((left.cancelled, left.running), (usize::from(then_waits), 0));
            left
        } else {
            let left = block_on(pool.shutdown(SOON));
            assert_eq!((left.cancelled, left.running), (0, 1));
            go.send(()).unwrap();
            left
        };
        assert!(!left.is_nothing() || !then_waits);
        assert_eq!(task.unwrap().join_blocking().is_err(), then_waits);
        assert!(block_on(pool.shutdown(LONG)).is_nothing());
    }
}

#[test]
fn the_last_handle_may_be_dropped_anywhere() {
    let pool = own();
    let (inside, other) = (pool.clone(), own());
    block_on(async {
        // On a worker of its own, when its future ends, and on one of another runtime.
        let task = pool.spawn(async move { drop(inside) }).await.unwrap();
        drop(pool);
        task.await.unwrap();
        vela_core::task::spawn(async move { drop(other) }).await.unwrap();
    });
}

#[test]
fn what_was_accepted_goes_on_without_handles() {
    let pool = own();
    let (go, wait) = vela_core::oneshot::channel::<()>();
    let task = block_on(pool.spawn(async move { wait.recv().await.is_some() })).unwrap();
    drop(pool);
    go.send(()).unwrap();
    assert!(task.join_blocking().unwrap());
}

#[test]
fn a_hybrid_pool_has_one_name_and_a_snapshot_of_both() {
    let builder = HybridPool::builder().name("both").threads(1).queue(2).overflow(Overflow::Reject);
    let pool = builder.worker_threads(1).limit(3).build().unwrap();
    block_on(async {
        assert_eq!(pool.run_cpu(thread_name).await.unwrap(), "both.cpu-0");
        assert_eq!(pool.run_io(async { thread_name() }).await.unwrap(), "both.io");
    });
    let seen = pool.snapshot();
    assert_eq!((&*seen.cpu.name, seen.cpu.capacity, seen.cpu.done), ("both.cpu", Some(2), 1));
    assert_eq!((&*seen.io.name, seen.io.capacity, seen.io.done), ("both.io", Some(3), 1));
    assert!(!pool.is_closed() && pool.close() && pool.is_closed() && !pool.close());
    let refused = HybridPool::builder().name("none").worker_threads(0).build().unwrap_err();
    assert!(
        refused.to_string().starts_with("the pool `none.io` cannot be built: with `.worker_threads(0)`"),
        "{refused}"
    );
}

#[test]
fn a_hybrid_pool_routes_by_call() {
    let cpu = CpuPool::builder().threads(1).thread_name("cpu").build().unwrap();
    let pool = HybridPool::of(cpu, own());
    block_on(async {
        assert_eq!(pool.spawn_cpu(thread_name).await.unwrap().await.unwrap(), "cpu-0");
        assert_eq!(pool.spawn_io(async { thread_name() }).await.unwrap().await.unwrap(), "ours");
        assert_eq!(pool.spawn_blocking(thread_name).unwrap().await.unwrap(), "ours");
        pool.join_all().await;
        assert!(pool.shutdown(LONG).await.is_nothing());
    });
    assert_eq!((pool.cpu().snapshot().done, pool.io().snapshot().done), (1, 2));
}
