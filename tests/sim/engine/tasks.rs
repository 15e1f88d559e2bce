//! Tasks and those that belong together: join, cancel, scopes, groups, WaitGroup, Semaphore.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::prelude::*;
use vela::sim::Faults;
use vela::sync::Semaphore;

use super::ways::{ALL, every, every_way, join, some};

/// Counts who is in it.
#[derive(Clone, Default)]
struct Room(Arc<AtomicUsize>);

impl Room {
    #[track_caller]
    fn enter(&self, most: usize) -> Inside {
        let now = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let inside = Inside(self.0.clone());
        assert!(now <= most, "{now} at a time");
        inside
    }
}

struct Inside(Arc<AtomicUsize>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_semaphore_lets_so_many_in_and_loses_no_permit() {
    let body = || async {
        let semaphore = Semaphore::new(2);
        let room = Room::default();
        let tasks: Vec<_> = [1, 2, 1]
            .into_iter()
            .map(|n| {
                go!(clone(semaphore, room) {
                    let permit = semaphore.acquire(n).await.unwrap();
                    let inside = room.enter(if n == 2 { 1 } else { 2 });
                    vela::task::yield_now().await;
                    drop((inside, permit));
                })
            })
            .collect();
        for task in tasks {
            join(task).await;
        }
        assert_eq!(semaphore.available(), 2);
    };
    every(1, Faults::none().spurious(), body);
    every(1, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

#[test]
fn a_semaphore_that_is_closed_tells_all() {
    every_way(|| async {
        let semaphore = Semaphore::new(0);
        let waiter = go!(clone(semaphore) { semaphore.acquire(1).await.is_err() });
        let closer = go!(clone(semaphore) { vela::task::yield_now().await; semaphore.close(); });
        join(closer).await;
        semaphore.close();
        assert!(join(waiter).await.unwrap_or(true));
    });
}

#[test]
fn a_wait_group_waits_for_all_who_are_in_it() {
    every_way(|| async {
        let group = WaitGroup::new();
        let done = Room::default();
        for _ in 0..2 {
            let work = group.add();
            let inside = done.enter(2);
            go!({
                vela::task::yield_now().await;
                // The order of the drops matters: first what is looked at.
                drop(inside);
                drop(work);
            });
        }
        let other = go!(clone(group, done) { select! { _ = <-group.wait() => done.0.load(Ordering::Relaxed) } });
        group.wait().await;
        assert_eq!((group.count(), done.0.load(Ordering::Relaxed)), (0, 0));
        assert!(join(other).await.is_none_or(|n| n == 0));
    });
}

#[test]
fn a_task_is_joined_once_whoever_asks() {
    every_way(|| async {
        let task = Arc::new(go!({
            vela::task::yield_now().await;
            7
        }));
        let other = go!(clone(task) { vela!(<-*task).ok() });
        let mine = task.join().await.ok();
        let other_got = join(other).await.flatten();
        assert!(!(mine.is_some() && other_got.is_some()));
        assert!([mine, other_got].into_iter().flatten().all(|v| v == 7));
        assert!(task.is_finished());
    });
}

/// A task that is cancelled is gone when its join says so, with all that it held.
#[test]
fn a_cancelled_task_is_gone_once_it_is_joined() {
    every_way(|| async {
        let room = Room::default();
        let (tx, rx) = channel::<u8>(0);
        let inside = room.enter(1);
        let task = go!({
            let _inside = inside;
            rx.recv().await
        });
        let killer = go!({
            vela::task::yield_now().await;
            drop(tx);
        });
        task.cancel();
        assert!(task.await.is_err());
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
        join(killer).await;
    });
}

/// Nobody is left when a scope is over, whether a task fails, is cancelled, or all goes well.
#[test]
fn nobody_is_left_when_a_scope_is_over() {
    for fails in [false, true] {
        let body = || async move {
            let room = Room::default();
            let result: vela::Result<()> = scope(async |s| {
                for _ in 0..2 {
                    let inside = room.enter(2);
                    go!(in(s) { vela::task::yield_now().await; drop(inside); });
                }
                if fails {
                    go!(in(s) -> Result<(), std::fmt::Error> { Err(std::fmt::Error) });
                }
            })
            .await;
            assert_eq!(room.0.load(Ordering::Relaxed), 0);
            if let (false, Err(error)) = (fails, result) {
                assert!(!error.to_string().contains("fmt"), "{error}");
            }
        };
        every(1, Faults::none().spurious(), body);
        every(1, Faults::none().cancel(1), body);
        some(300, ALL, body);
    }
}

/// A scope whose parent is cancelled takes its children with it.
#[test]
fn the_children_of_a_cancelled_parent_end() {
    every_way(|| async {
        let room = Room::default();
        let (tx, rx) = channel::<u8>(0);
        let parent = go!(clone(room, rx) {
            scope(async |s| {
                let inside = room.enter(1);
                go!(in(s) { let _inside = inside; rx.recv().await; });
            })
            .await
            .ok();
        });
        parent.cancel();
        join(parent).await;
        drop(tx);
        while room.0.load(Ordering::Relaxed) > 0 {
            sleep(ms(1)).await;
        }
    });
}

#[test]
fn a_group_runs_so_many_at_a_time_and_waits_for_all() {
    let body = || async {
        let group = Group::with_limit(1);
        let room = Room::default();
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            go!(in(group) clone(room, ran) {
                let inside = room.enter(1);
                vela::task::yield_now().await;
                drop(inside);
                ran.fetch_add(1, Ordering::Relaxed);
            });
        }
        let result = group.join().await;
        assert!(result.is_err() || ran.load(Ordering::Relaxed) <= 3);
        assert_eq!((room.0.load(Ordering::Relaxed), group.task_count()), (0, 0));
    };
    every(1, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(1), body);
    some(500, ALL, body);
}

/// The panic of a task comes out of its scope or group: then it is nobody's unseen panic.
#[test]
fn a_panic_that_comes_out_of_a_scope_is_seen() {
    let body = || async {
        let failed: vela::Result<()> = scope(async |s| {
            drop(s.spawn(async { assert!(std::hint::black_box(false), "in a scope") }));
            Ok(())
        })
        .await;
        assert!(failed.unwrap_err().to_string().contains("in a scope"));
        let group = Group::new();
        drop(group.spawn(async { assert!(std::hint::black_box(false), "in a group") }));
        assert!(group.join().await.unwrap_err().to_string().contains("in a group"));
    };
    some(100, Faults::none(), body);
}
