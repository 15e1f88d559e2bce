//! The choice of the run queue. A process of its own, since it is one for the process.
#![allow(missing_docs)]

use tokio::runtime::Handle;
use vela_core as vela;
use vela_core::__private::{block_on_main, block_on_test};
use vela_core::RuntimeOptions;
use vela_core::task::{RunQueue, Task, TaskError, current, scope, spawn, yield_now};

/// Whether a task is one of Tokio's: it has the number that Tokio gave it.
fn is_tokios(task: &Task<String>, seen_inside: &str) -> bool {
    task.id().is_some_and(|id| id.to_string() == seen_inside)
}

async fn tokio_id() -> String {
    tokio::task::id().to_string()
}

/// One test: what it changes is the process's.
#[test]
fn tasks_of_both_queues_live_side_by_side() {
    // Else the environment has chosen, for all of it.
    let free = std::env::var_os("VELA_RUN_QUEUE").is_none();
    let options = RuntimeOptions::new();
    for options in [options.current_thread(), options.worker_threads(1), options.worker_threads(2)] {
        block_on_test(options.run_queue(RunQueue::Tokio), async move {
            let (tx, rx) = vela::channel::<u32>(1);
            let (ty, ry) = vela::channel::<u32>(0);
            let echo = spawn(async move {
                while let Some(n) = rx.recv().await {
                    ty.send(n).await.unwrap();
                }
            });
            let task = spawn(tokio_id());
            assert!(!free || is_tokios(&task, &(&task).await.unwrap()));

            RunQueue::Vela.use_for_new_tasks();
            let task = spawn(tokio_id());
            assert!(!free || !is_tokios(&task, &(&task).await.unwrap()));
            let ours = spawn(async move {
                for n in 0..1_000 {
                    tx.send(n).await.unwrap();
                    assert_eq!(ry.recv().await, Some(n));
                }
                drop(tx);
                echo.await
            });
            ours.await.unwrap().unwrap();
            let task = spawn(std::future::pending::<()>());

            RunQueue::Tokio.use_for_new_tasks();
            let other = spawn(async move {
                task.cancel();
                assert!(matches!(task.await, Err(TaskError::Cancelled)));
                current().map(|task| task.id())
            });
            let id = other.id();
            assert_eq!(other.await.unwrap(), id);
            everything().await;
        });
    }
    let here = block_on_main(options.run_queue(RunQueue::Tokio), async {
        let task = spawn(async {
            yield_now().await;
            Handle::current().id()
        });
        (Handle::current().id(), task.await.unwrap())
    });
    assert_eq!(here.0, here.1);
}

/// Scopes, panics and names do not depend on it.
async fn everything() {
    let sum = scope(async |s| {
        let tasks: Vec<_> = (0..10).map(|n| s.spawn(async move { n })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await?;
        }
        Ok(sum)
    });
    assert_eq!(sum.await.unwrap(), 45);
    assert!(spawn(async { panic!("of a task") }).await.unwrap_err().is_panic());
}
