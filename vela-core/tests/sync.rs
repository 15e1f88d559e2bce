//! Wait groups and semaphores.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::ops::Receive as _;
use vela_core::select::one;
use vela_core::sync::{Semaphore, TryAcquireError, WaitGroup};
use vela_core::task::{spawn, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

/// Polls once: whether the future is pending.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[test]
fn a_wait_group_waits_for_all_guards_and_can_be_used_again() {
    on_both(|| async {
        let group = WaitGroup::new();
        group.wait().await;
        let sum = Arc::new(AtomicUsize::new(0));
        for round in 1..=3 {
            for _ in 0..10 {
                let (work, sum) = (group.add(), Arc::clone(&sum));
                spawn(async move {
                    yield_now().await;
                    // What comes before `done` is seen by who has waited.
                    sum.fetch_add(1, Ordering::Relaxed);
                    work.done();
                });
            }
            one((&group.wait()).receive()).await;
            assert_eq!((sum.load(Ordering::Relaxed), group.count()), (round * 10, 0));
        }
    });
}

#[test]
fn a_panic_counts_as_done_and_a_clone_of_the_guard_as_one_more() {
    on_both(|| async {
        let group = WaitGroup::new();
        let work = group.add();
        let more = work.clone();
        assert_eq!(group.count(), 2);
        let task = spawn(async move {
            let _work = work;
            if true {
                panic!("in the middle");
            }
        });
        assert!(task.await.is_err());
        assert_eq!(group.count(), 1);
        drop(more);
        group.wait().await;
    });
}

#[test]
fn all_who_wait_wake_and_a_dropped_wait_loses_nothing() {
    on_both(|| async {
        let group = WaitGroup::new();
        let work = group.add();
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let group = group.clone();
                spawn(async move { group.wait().await })
            })
            .collect();
        {
            let mut wait = pin!(group.wait().into_future());
            assert!(is_pending(wait.as_mut()).await);
        }
        yield_now().await;
        work.done();
        for task in waiting {
            task.await.unwrap();
        }
        group.wait().await;
    });
}

#[test]
fn a_thread_can_wait_for_tasks() {
    let group = WaitGroup::new();
    for _ in 0..10 {
        let work = group.add();
        spawn(async move {
            yield_now().await;
            work.done();
        });
    }
    group.wait_blocking();
    assert_eq!(group.count(), 0);
}

#[test]
fn a_semaphore_serves_in_order_and_a_large_request_is_not_overtaken() {
    on_both(|| async {
        let permits = Semaphore::new(3);
        let held = permits.acquire(2).await.unwrap();
        let mut large = pin!(permits.acquire(3));
        assert!(is_pending(large.as_mut()).await);
        // One is free, but the large request came first.
        assert_eq!(permits.try_acquire(1).unwrap_err(), TryAcquireError::TooFew);
        drop(held);
        assert_eq!(large.await.unwrap().count(), 3);
        assert_eq!(permits.available(), 3);
    });
}

#[test]
fn a_dropped_acquire_loses_no_permit() {
    on_both(|| async {
        let permits = Semaphore::new(2);
        let mut held = permits.acquire(2).await.unwrap();
        {
            let mut waiting = pin!(permits.acquire(2));
            assert!(is_pending(waiting.as_mut()).await);
            // Half of what it waits for is assigned to it already.
            drop(held.split(1));
        }
        assert_eq!(permits.available(), 1);
        drop(held);
        assert_eq!(permits.available(), 2);
    });
}

#[test]
fn closing_a_semaphore_wakes_who_waits() {
    on_both(|| async {
        let permits = Semaphore::new(0);
        let waiting = spawn({
            let permits = permits.clone();
            async move { permits.acquire(1).await.is_err() }
        });
        yield_now().await;
        permits.close();
        assert!(waiting.await.unwrap() && permits.is_closed());
        assert_eq!(permits.try_acquire(1).unwrap_err(), TryAcquireError::Closed);
    });
}

#[test]
fn any_number_of_permits_is_taken_without_a_panic() {
    let permits = Semaphore::new(usize::MAX);
    permits.add_permits(usize::MAX);
    let some = permits.try_acquire(u32::MAX).unwrap();
    some.forget();
    assert!(permits.available() > 0);
}
