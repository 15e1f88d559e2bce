//! Contexts: propagation, cause, deadline, values, inheritance, no leak of children.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context as Cx, Poll, Waker};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vela_core as vela;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::context::{Context, ContextError};
use vela_core::ops::Receive as _;
use vela_core::select::one;
use vela_core::task::{TaskBuilder, scope, spawn, spawn_blocking, yield_now};
use vela_core::time::{Instant, ms, secs};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

/// On one thread, with a clock that jumps to the next timer whenever all tasks wait.
fn with_paused_clock(body: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(body);
}

#[derive(Debug, PartialEq)]
struct Overload(u32);

impl std::fmt::Display for Overload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "overload {}", self.0)
    }
}

impl std::error::Error for Overload {}

/// Polls once: whether the future is pending.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[test]
fn cancellation_reaches_all_descendants_and_nobody_else() {
    let root = Context::background();
    let (a, b) = (root.with_cancel(), root.with_cancel());
    let a1 = a.with_value(1).with_timeout(secs(1000)).with_cancel();
    assert!(a.cancel());
    assert!(!a.cancel());
    for ended in [&a, &a1] {
        assert!(ended.is_cancelled());
        assert_eq!(ended.err(), Some(ContextError::Cancelled));
    }
    for alive in [&root, &b] {
        assert_eq!((alive.err(), alive.cause().is_none()), (None, true));
    }
    // A context derived from one that has ended has ended, too.
    assert!(a1.with_cancel().is_cancelled());
}

#[test]
fn clones_are_the_same_context() {
    let ctx = Context::background();
    ctx.clone().cancel();
    assert!(ctx.is_cancelled());
}

#[test]
fn waiters_on_every_level_wake() {
    on_both(|| async {
        let root = Context::background();
        let mut waiting = Vec::new();
        let mut ctx = root.clone();
        for _ in 0..20 {
            ctx = ctx.with_cancel();
            let ctx = ctx.clone();
            waiting.push(spawn(async move { one((&ctx.done()).receive()).await }));
        }
        yield_now().await;
        root.cancel();
        for task in waiting {
            task.await.unwrap();
        }
        // And for those who come later.
        ctx.done().await;
    });
}

#[test]
fn the_cause_is_inherited_and_the_first_one_counts() {
    let root = Context::background();
    let child = root.with_cancel();
    let other = root.with_cancel();
    other.cancel_with(Overload(1));
    assert!(root.cancel_with(Overload(2)));
    assert!(!root.cancel_with(Overload(3)));
    assert_eq!(root.cause().unwrap().downcast_ref(), Some(&Overload(2)));
    assert_eq!(child.cause().unwrap().downcast_ref(), Some(&Overload(2)));
    assert_eq!(other.cause().unwrap().downcast_ref(), Some(&Overload(1)));
    assert_eq!(child.with_cancel().cause().unwrap().to_string(), "overload 2");
    assert_eq!(child.check().unwrap_err().to_string(), "overload 2");
}

#[test]
fn without_a_cause_the_error_is_the_cause() {
    let ctx = Context::background();
    assert!(ctx.check().is_ok());
    ctx.cancel();
    assert_eq!(ctx.cause().unwrap().downcast_ref(), Some(&ContextError::Cancelled));
}

#[test]
fn a_deadline_ends_the_context_and_its_descendants_and_wakes_them() {
    with_paused_clock(async {
        let start = Instant::now();
        let ctx = Context::background().with_timeout(ms(50));
        let child = ctx.with_cancel();
        let later = ctx.with_timeout(secs(50));
        assert_eq!(ctx.deadline(), Some(start + ms(50)));
        assert_eq!(later.deadline(), ctx.deadline());
        let waiting = spawn({
            let child = child.clone();
            async move { child.done().await }
        });
        assert_eq!(ctx.err(), None);
        waiting.await.unwrap();
        assert!(start.elapsed() >= ms(50) && start.elapsed() < ms(60));
        for ended in [&ctx, &child, &later] {
            assert_eq!(ended.err(), Some(ContextError::DeadlineExceeded));
            assert_eq!(ended.cause().unwrap().to_string(), "the deadline of the context has passed");
        }
    });
}

#[test]
fn a_shorter_deadline_of_a_child_leaves_the_parent_alone() {
    with_paused_clock(async {
        let parent = Context::background().with_timeout(secs(10));
        let child = parent.with_timeout(ms(10));
        child.done().await;
        assert_eq!((child.err(), parent.err()), (Some(ContextError::DeadlineExceeded), None));
    });
}

#[test]
fn what_ended_first_counts_though_nobody_looked() {
    with_paused_clock(async {
        let root = Context::background();
        let early = root.with_timeout(ms(10));
        let late = root.with_timeout(ms(1000));
        tokio::time::advance(ms(20)).await;
        root.cancel();
        tokio::time::advance(ms(2000)).await;
        assert_eq!(early.err(), Some(ContextError::DeadlineExceeded));
        assert_eq!(late.err(), Some(ContextError::Cancelled));
    });
}

#[test]
fn zero_past_huge_and_overflowing_deadlines_do_not_panic() {
    let root = Context::background();
    assert!(root.with_timeout(Duration::ZERO).is_cancelled());
    assert!(root.with_deadline(Instant::now()).is_cancelled());
    for d in [Duration::MAX, secs(u64::MAX), secs(86_400 * 365 * 100)] {
        let ctx = root.with_timeout(d);
        assert!(!ctx.is_cancelled());
        let mut done = pin!(ctx.done().into_future());
        assert!(done.as_mut().poll(&mut Cx::from_waker(Waker::noop())).is_pending());
    }
}

#[test]
fn values_are_found_by_type_and_hidden_by_later_ones() {
    let ctx = Context::background().with_value(1_u32).with_value("a").with_cancel().with_value(2_u32);
    assert_eq!((ctx.value::<u32>(), ctx.value::<&str>(), ctx.value::<u64>()), (Some(&2), Some(&"a"), None));
}

#[test]
fn without_cancel_keeps_the_values_only() {
    let ctx = Context::background().with_timeout(secs(1000)).with_value(7_u32);
    let free = ctx.without_cancel();
    ctx.cancel();
    assert_eq!((free.err(), free.deadline(), free.value::<u32>()), (None, None, Some(&7)));
    assert!(!free.with_cancel().is_cancelled());
    free.cancel_with(Overload(1));
    assert_eq!(free.cause().unwrap().downcast_ref(), Some(&Overload(1)));
}

#[test]
fn tasks_inherit_the_entered_context_and_pass_it_on() {
    on_both(|| async {
        assert!(Context::try_current().is_none());
        let ctx = Context::background().with_value(7_u32);
        let seen = ctx
            .run(async {
                let named = TaskBuilder::new().name("x").spawn(async { value() });
                let nested = spawn(async {
                    yield_now().await;
                    (value(), spawn(async { value() }).await.unwrap(), spawn_blocking(value).await.unwrap())
                });
                (value(), named.await.unwrap(), nested.await.unwrap())
            })
            .await;
        assert_eq!(seen, (Some(7), Some(7), (Some(7), Some(7), Some(7))));
        assert!(Context::try_current().is_none());
        assert_eq!(spawn(async { value() }).await.unwrap(), None);
    });
}

fn value() -> Option<u32> {
    Context::try_current()?.value().copied()
}

#[test]
fn run_and_enter_nest_and_restore_also_after_a_panic() {
    on_both(|| async {
        let (a, b) = (Context::background().with_value(1_u32), Context::background().with_value(2_u32));
        a.run(async {
            assert_eq!(value(), Some(1));
            b.run(async {
                yield_now().await;
                assert_eq!(value(), Some(2));
                assert_eq!(a.enter(value), Some(1));
            })
            .await;
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| b.enter(|| panic!("inside"))));
            assert!(caught.is_err());
            assert_eq!(value(), Some(1));
        })
        .await;
        assert_eq!(value(), None);
    });
}

#[test]
fn another_task_on_the_same_thread_does_not_see_it() {
    block_on_test(RuntimeOptions::new().current_thread(), async {
        let other = spawn(async {
            for _ in 0..10 {
                assert_eq!(value(), None);
                yield_now().await;
            }
        });
        Context::background()
            .with_value(1_u32)
            .run(async {
                for _ in 0..10 {
                    assert_eq!(value(), Some(1));
                    yield_now().await;
                }
            })
            .await;
        other.await.unwrap();
    });
}

#[test]
fn a_context_passed_by_hand_works_in_a_scope_and_only_signals() {
    on_both(|| async {
        let ctx = Context::background();
        let stopped = scope(async |s| {
            let worker = s.spawn({
                let ctx = ctx.clone();
                async move {
                    ctx.done().await;
                    yield_now().await;
                    "cleaned up"
                }
            });
            ctx.cancel();
            Ok(worker.await?)
        })
        .await;
        assert_eq!(stopped.unwrap(), "cleaned up");
    });
}

#[test]
fn a_token_of_tokio_util_cancels_a_context_and_the_other_way_round() {
    on_both(|| async {
        let token = CancellationToken::new();
        let (linked, derived) = (Context::from(token.clone()), Context::from_token(&token));
        let inner = linked.with_cancel();
        assert!(!derived.cancel() || !token.is_cancelled());
        token.cancel();
        assert_eq!(inner.err(), Some(ContextError::Cancelled));
        inner.done().await;

        let token = CancellationToken::new();
        Context::from(token.clone()).cancel();
        assert!(token.is_cancelled());

        let ctx = Context::background();
        let token = ctx.with_cancel().token();
        ctx.token().cancel();
        assert!(!ctx.is_cancelled());
        ctx.cancel();
        token.cancelled().await;
    });
}

#[test]
fn a_token_is_cancelled_by_the_deadline() {
    with_paused_clock(async {
        let start = Instant::now();
        let ctx = Context::background().with_timeout(ms(30));
        let (first, second) = (ctx.token(), ctx.with_cancel().token());
        drop(ctx);
        first.cancelled().await;
        second.cancelled().await;
        assert!(start.elapsed() >= ms(30) && start.elapsed() < ms(40));
    });
}

#[test]
fn children_do_not_leak() {
    let root = Context::background().with_value([0_u8; 16]);
    // Each child holds a reference to this; when it is gone, so is the child.
    let witness = std::sync::Arc::new(());
    for _ in 0..100_000 {
        let child = root.with_cancel().with_timeout(secs(1000)).with_value(std::sync::Arc::clone(&witness));
        assert!(!child.is_cancelled());
    }
    assert_eq!(std::sync::Arc::strong_count(&witness), 1);
    // Nor does the time to cancel grow with the children that were.
    let start = std::time::Instant::now();
    root.cancel();
    assert!(start.elapsed() < secs(1));
}

#[test]
fn a_long_chain_is_cancelled_and_dropped_without_deep_recursion() {
    let root = Context::background();
    let mut ctx = root.clone();
    for _ in 0..100_000 {
        ctx = ctx.with_cancel();
    }
    root.cancel();
    assert!(ctx.is_cancelled());
    drop(root);
    drop(ctx);
}

#[test]
fn a_dropped_wait_for_done_loses_nothing() {
    on_both(|| async {
        let ctx = Context::background().with_timeout(secs(1000));
        for _ in 0..100 {
            let mut done = pin!(ctx.done().into_future());
            assert!(is_pending(done.as_mut()).await);
        }
        ctx.cancel();
        ctx.done().await;
    });
}

#[test]
fn a_cancelled_context_drops_nobody() {
    on_both(|| async {
        let ctx = Context::background();
        let task = ctx.enter(|| spawn(pending::<()>()));
        ctx.cancel();
        for _ in 0..10 {
            yield_now().await;
        }
        assert!(!task.is_finished());
        task.cancel();
        assert!(task.await.is_err());
    });
}

#[test]
fn the_cause_converts_with_a_question_mark() {
    fn work(ctx: &Context) -> vela::Result<()> {
        ctx.check()?;
        Ok(())
    }
    let ctx = Context::background();
    assert!(work(&ctx).is_ok());
    ctx.cancel_with(Overload(5));
    assert_eq!(work(&ctx).unwrap_err().to_string(), "overload 5");
}
