//! What a task's handle does: joining, losing, cancelling, panics.

use vela::prelude::*;
use vela::task::{current, panic_count};

use crate::select::probe::{Hand, Log, on_each_runtime, until, with_paused_clock};

#[test]
fn a_receive_joins_and_borrows() {
    on_each_runtime(|| async {
        let task = go!({ 5 });
        assert_eq!(vela!(<-task).unwrap(), 5);
        assert!(task.is_finished(), "the handle is still here");
        assert!(matches!(vela!(<-task), Err(TaskError::AlreadyJoined)));
        assert!(matches!((&task).await, Err(TaskError::AlreadyJoined)));
        assert!(matches!(task.await, Err(TaskError::AlreadyJoined)));
    });
}

#[test]
fn an_arm_that_loses_detaches_nothing() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let (tick, ticks) = channel(1);
        let task = go!({ (<-rx).unwrap_or(0) });
        let by_ref = &task;
        for n in 0..10 {
            tick.try_send(n).unwrap();
            select! {
                r = <-task => panic!("{r:?}"),
                v = <-ticks => assert_eq!(v, Some(n)),
            }
            select! { r = <-by_ref => panic!("{r:?}"), else => {} }
        }
        tx.send(7).await.unwrap();
        assert_eq!(select! { r = <-task => r.unwrap(), _ = <-ticks => 0 }, 7);
    });
}

#[test]
fn the_outcome_is_not_lost_by_an_arm_that_was_ready_and_lost() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        let task = go! { String::from("outcome") };
        until(|| task.is_finished()).await;
        for _ in 0..20 {
            tx.try_send(()).unwrap();
            let got = select! { biased; _ = <-rx => None, r = <-task => Some(r) };
            assert!(got.is_none());
        }
        assert_eq!(vela!(<-task).unwrap(), "outcome");
    });
}

#[test]
fn several_waiters_share_one_handle_and_one_gets_the_outcome() {
    on_each_runtime(|| async {
        let (tx, rx) = channel::<()>(0);
        let task = std::sync::Arc::new(go! { <-rx; 5 });
        let waiters: Vec<_> = (0..4).map(|_| go!(clone(task) { <-task })).collect();
        tokio::task::yield_now().await;
        drop(tx);
        let (mut got, mut already) = (0, 0);
        for waiter in waiters {
            match waiter.await.unwrap() {
                Ok(5) => got += 1,
                Err(TaskError::AlreadyJoined) => already += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((got, already), (1, 3));
    });
}

#[test]
fn a_panic_comes_out_with_its_message_name_and_site() {
    on_each_runtime(|| async {
        let before = panic_count();
        let (task, line) = (go!(name("doomed") { if true { panic!("no more {}", "disk") } }), line!());
        let error = vela!(<-task).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        let text = error.to_string();
        let panic = error.into_panic().unwrap();
        assert_eq!((panic.message(), panic.name()), ("no more disk", Some("doomed")));
        assert_eq!(panic.spawned_at().line(), line);
        assert!(panic.spawned_at().file().ends_with("tasks.rs"));
        assert!(text.contains("doomed") && text.contains("no more disk") && text.contains("tasks.rs"), "{text}");
        assert!(panic_count() > before);
    });
}

#[test]
fn every_form_of_go_knows_its_site() {
    fn plain() {}
    on_each_runtime(|| async {
        scope(async |s| {
            let sites = [
                (go!({}).spawned_at(), line!()),
                (go!(name("n") {}).spawned_at(), line!()),
                (go!(in(s) {}).spawned_at(), line!()),
                (go!(plain()).spawned_at(), line!()),
                (go!(in(s) name("n") plain()).spawned_at(), line!()),
            ];
            for (site, line) in sites {
                assert_eq!(site.line(), line);
                assert!(site.file().ends_with("tasks.rs"), "{site}");
            }
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_task_knows_itself() {
    on_each_runtime(|| async {
        assert!(current().is_none());
        let task = go!(name("self") { current().unwrap() });
        let id = task.id();
        let info = vela!(<-task).unwrap();
        assert_eq!((Some(info.id()), info.name()), (id, Some("self")));
        assert_eq!(info.spawned_at(), task.spawned_at());
    });
}

#[test]
fn cancel_drops_the_task_at_its_next_wait() {
    on_each_runtime(|| async {
        let log = Log::default();
        let (tx, rx) = channel::<u8>(0);
        let (entered, started) = channel(1);
        let guard = log.guard("dropped");
        let task = go! {
            let _guard = guard;
            entered <- () else { return };
            <-rx;
            unreachable!("it was cancelled");
        };
        vela!(<-started).unwrap();
        task.cancel();
        let error = vela!(<-task).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(log.take(), ["dropped"]);
        assert!(tx.try_send(1).is_err(), "its receive is gone with it");
        task.cancel();
    });
}

#[test]
fn cancel_after_the_end_changes_nothing() {
    on_each_runtime(|| async {
        let task = go!({ 5 });
        until(|| task.is_finished()).await;
        task.cancel();
        assert_eq!(vela!(<-task).unwrap(), 5);
    });
}

#[test]
fn dropping_the_handle_detaches() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let task = go! { tx <- 1 else { return }; tx <- 2 else { return }; };
        drop(task);
        assert_eq!((vela!(<-rx), vela!(<-rx), vela!(<-rx)), (Some(1), Some(2), None));
    });
}

#[test]
fn a_task_of_a_task_is_joined_in_one_expression() {
    on_each_runtime(|| async {
        let task = go! { let inner = go!({ 5 }); (<-inner).unwrap() + 1 };
        async fn asked(task: Task<u32>) -> Result<u32, TaskError> {
            vela!(Ok((<-task)? + 1))
        }
        assert_eq!(asked(task).await.unwrap(), 7);
    });
}

#[test]
fn a_join_with_a_limit_is_a_select() {
    with_paused_clock(async {
        let task = go! { sleep(ms(500)).await; 5 };
        let first = select! { r = <-task => r.ok(), _ = <-after(ms(100)) => None };
        let second = select! { r = <-task => r.ok(), _ = <-after(ms(1_000)) => None };
        assert_eq!((first, second), (None, Some(5)));
    });
}

#[test]
fn a_join_that_waits_is_woken_with_the_waker_of_its_last_poll() {
    let (tx, rx) = channel::<u32>(0);
    let task = go!({ (<-rx).unwrap() });
    let mut hand = Hand::waiting(async {
        select! { r = <-task => r.unwrap() }
    });
    assert!(hand.poll().is_pending());
    tx.send_blocking(5).unwrap();
    while hand.rings() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(hand.run(), Some(5));
}
