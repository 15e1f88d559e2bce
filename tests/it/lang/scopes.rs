//! Scopes and groups, from the macros: `go!(in(s) …)`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vela::prelude::*;

use crate::select::probe::{Log, on_each_runtime};

#[test]
fn a_scope_returns_when_all_its_tasks_have_ended() {
    on_each_runtime(|| async {
        let done = Arc::new(AtomicU32::new(0));
        let value = scope(async |s| {
            for n in 0..10 {
                go!(in(s) clone(done) {
                    for _ in 0..n { tokio::task::yield_now().await; }
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
            "body"
        })
        .await
        .unwrap();
        assert_eq!((value, done.load(Ordering::SeqCst)), ("body", 10));
    });
}

#[test]
fn a_task_that_returns_err_fails_the_scope_and_cancels_the_rest() {
    on_each_runtime(|| async {
        let log = Log::default();
        let result: vela::Result<()> = scope(async |s| {
            let guard = log.guard("sibling dropped");
            go!(in(s) { let _guard = guard; std::future::pending::<()>().await; });
            go!(in(s) -> Result<(), std::num::ParseIntError> { "x".parse::<u32>()?; Ok(()) });
            std::future::pending::<()>().await;
        })
        .await;
        assert!(result.unwrap_err().is::<std::num::ParseIntError>());
        assert_eq!(log.take(), ["sibling dropped"]);
    });
}

/// Without `-> T`, too: what the block gives decides.
#[test]
fn a_block_that_gives_a_result_fails_the_scope() {
    on_each_runtime(|| async {
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) { vela::Result::<u32>::Err(vela::Error::msg("failed")) });
        })
        .await;
        assert_eq!(result.unwrap_err().to_string(), "failed");
        let result: vela::Result<u32> = scope(async |s| {
            let ok = go!(in(s) { Ok::<u32, std::fmt::Error>(5) });
            Ok(vela!(<-ok)?)
        })
        .await;
        assert_eq!(result.unwrap(), 5, "the task gives the value inside");
    });
}

#[test]
fn a_call_that_gives_a_result_fails_the_scope() {
    async fn fails() -> Result<u32, std::fmt::Error> {
        Err(std::fmt::Error)
    }
    fn fails_at_once() -> Result<u32, std::fmt::Error> {
        Err(std::fmt::Error)
    }
    on_each_runtime(|| async {
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) fails());
        })
        .await;
        assert!(result.unwrap_err().is::<std::fmt::Error>());
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) fails_at_once());
        })
        .await;
        assert!(result.unwrap_err().is::<std::fmt::Error>());
    });
}

/// Whatever stands in the `Err`: a text, or something that cannot even be shown.
#[test]
fn every_err_fails_the_scope() {
    struct Opaque;
    on_each_runtime(|| async {
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) { Err::<u32, String>("text".into()) });
        })
        .await;
        assert_eq!(result.unwrap_err().to_string(), "text");
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) { Err::<u32, Opaque>(Opaque) });
        })
        .await;
        assert!(result.is_err());
    });
}

#[test]
fn a_panic_comes_out_of_the_scope() {
    on_each_runtime(|| async {
        let result: vela::Result<()> = scope(async |s| {
            go!(in(s) name("doomed") { if true { panic!("as it is meant to") } });
            std::future::pending::<()>().await;
        })
        .await;
        let error = result.unwrap_err().downcast::<TaskError>().unwrap();
        assert_eq!(error.into_panic().unwrap().message(), "as it is meant to");
    });
}

#[test]
fn scopes_nest_and_take_tasks_through_clones_and_references() {
    on_each_runtime(|| async {
        let count = Arc::new(AtomicU32::new(0));
        scope(async |outer| {
            let owned: Scope = outer.clone();
            let by_ref = &&owned;
            go!(in(by_ref) clone(count) { count.fetch_add(1, Ordering::SeqCst); });
            let inner = owned.clone();
            go!(in(owned) clone(count) {
                go!(in(inner) clone(count) { count.fetch_add(10, Ordering::SeqCst); });
            });
            scope(async |inner| {
                go!(in(inner) clone(count) { count.fetch_add(100, Ordering::SeqCst); });
            })
            .await
            .unwrap();
            assert!(count.load(Ordering::SeqCst) >= 100);
        })
        .await
        .unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 111);
    });
}

/// The scope itself is among the clones: a task starts further ones beside it.
#[test]
fn a_task_of_a_scope_starts_others_in_it() {
    on_each_runtime(|| async {
        let count = Arc::new(AtomicU32::new(0));
        scope(async |s| {
            for _ in 0..3 {
                go!(in(s) clone(s, count) {
                    for _ in 0..4 {
                        go!(in(s) clone(count) {
                            tokio::task::yield_now().await;
                            count.fetch_add(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        })
        .await
        .unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 12);
    });
}

#[test]
fn a_scope_that_is_dropped_takes_its_tasks_and_their_selects_with_it() {
    on_each_runtime(|| async {
        let (tx, rx) = channel::<u32>(0);
        let (entered, started) = channel(1);
        let parent = go!(clone(rx) {
            scope(async |s| {
                let task = go!(in(s) { entered <- () else { return None }; select! { v = <-rx => v } });
                vela!(<-task).ok().flatten();
            })
            .await
            .unwrap();
        });
        vela!(<-started).unwrap();
        parent.cancel();
        assert!(vela!(<-parent).unwrap_err().is_cancelled());
        while rx.receiver_count() > 1 {
            tokio::task::yield_now().await;
        }
        assert!(tx.try_send(1).is_err(), "nobody waits any more");
    });
}

#[test]
fn a_scope_is_an_arm() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        let got = select! {
            r = scope(async |s| { go!(in(s) { 1 }); Ok(5) }) => r.unwrap(),
            _ = std::future::pending::<()>() => 0,
        };
        assert_eq!(got, 5);
        tx.try_send(6).unwrap();
        let got = select! {
            r = scope(async |s| { go!(in(s) std::future::pending::<()>()); Ok(5) }) => r.unwrap(),
            Some(v) = <-rx => v,
            closed => 0,
        };
        assert_eq!(got, 6);
    });
}

#[test]
fn a_group_joins_its_tasks_with_a_limit_and_gives_the_first_error() {
    on_each_runtime(|| async {
        let group = Group::with_limit(3);
        let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        for _ in 0..20 {
            go!(in(group) clone(running, most) {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..5 { tokio::task::yield_now().await; }
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        group.join().await.unwrap();
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));

        let shared = Arc::new(Group::new());
        go!(in(shared) { std::future::pending::<()>().await; });
        let failed = go!(in(shared) -> vela::Result<()> { Err(std::fmt::Error)? });
        assert!(shared.join().await.unwrap_err().is::<std::fmt::Error>());
        assert!(matches!(vela!(<-failed), Err(TaskError::Failed(_))));
        let refused = go!(in(shared) { 1 });
        assert!(vela!(<-refused).unwrap_err().is_cancelled());
    });
}
