//! Scopes and groups: what was started in them has ended when they have.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use vela_core as vela;
use vela_core::__private::{ErrFails, NeverFails, OpaqueErrFails, block_on_test};
use vela_core::RuntimeOptions;
use vela_core::sync::Semaphore;
use vela_core::task::{Group, Scope, TaskBuilder, TaskError, scope, spawn, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

/// Counts how many are alive.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

struct Life(Arc<AtomicUsize>);

impl Alive {
    fn life(&self) -> Life {
        self.0.fetch_add(1, Ordering::SeqCst);
        Life(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn lives_for_ever(life: Life) {
    let _life = life;
    pending::<()>().await;
}

/// Polls once: whether the future is pending.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[test]
fn a_scope_returns_when_every_task_has_ended() {
    on_both(|| async {
        let alive = Alive::default();
        for _ in 0..100 {
            let n = scope(async |s| {
                for rounds in 0..10 {
                    let life = alive.life();
                    s.spawn(async move {
                        let _life = life;
                        for _ in 0..rounds {
                            yield_now().await;
                        }
                    });
                }
                7
            })
            .await;
            assert_eq!((n.unwrap(), alive.count()), (7, 0));
        }
    });
}

#[test]
fn the_body_may_return_nothing_a_value_or_a_result() {
    on_both(|| async {
        scope(async |_| {}).await.unwrap();
        assert_eq!(scope(async |_| vec![1]).await.unwrap(), [1]);
        let parsed = scope(async |_| Ok("7".parse::<u8>()?)).await;
        assert_eq!(parsed.unwrap(), 7);
        assert!(scope(async |_| Ok("x".parse::<u8>()?)).await.is_err());
    });
}

#[test]
fn the_first_error_cancels_the_rest_and_comes_out() {
    on_both(|| async {
        let alive = Alive::default();
        let result = scope(async |s| {
            s.spawn(lives_for_ever(alive.life()));
            s.try_spawn(async {
                yield_now().await;
                Err::<(), _>(std::fmt::Error)
            });
            // The body is cancelled as well.
            lives_for_ever(alive.life()).await;
        })
        .await;
        assert!(result.unwrap_err().is::<std::fmt::Error>());
        assert_eq!(alive.count(), 0);
    });
}

#[test]
fn the_first_panic_cancels_the_rest_and_comes_out() {
    on_both(|| async {
        let alive = Alive::default();
        let result = scope(async |s| {
            s.spawn(lives_for_ever(alive.life()));
            TaskBuilder::new().name("bad").spawn_in(
                s,
                async {
                    if true {
                        panic!("boom")
                    }
                },
                NeverFails,
            );
            pending::<()>().await;
        })
        .await;
        match result.unwrap_err().downcast::<TaskError>() {
            Ok(TaskError::Panicked(panic)) => assert_eq!((panic.message(), panic.name()), ("boom", Some("bad"))),
            other => panic!("{other:?}"),
        }
        assert_eq!(alive.count(), 0);
    });
}

#[test]
fn of_many_failures_exactly_one_comes_out() {
    on_both(|| async {
        for _ in 0..100 {
            let result = scope(async |s| {
                for n in 0..10 {
                    s.try_spawn(async move { Err::<(), _>(vela::Error::msg(format!("{n}"))) });
                }
            })
            .await;
            assert!(result.unwrap_err().to_string().parse::<u8>().unwrap() < 10);
        }
    });
}

#[test]
fn an_err_of_any_type_is_a_failure() {
    on_both(|| async {
        let text = scope(async |s| {
            TaskBuilder::new().spawn_in(s, async { Err::<(), _>("plain text") }, ErrFails);
            pending::<()>().await;
        });
        assert_eq!(text.await.unwrap_err().to_string(), "plain text");
        let opaque = scope(async |s| {
            TaskBuilder::new().spawn_in(s, async { Err::<(), [u8; 2]>([1, 2]) }, OpaqueErrFails);
            pending::<()>().await;
        });
        assert_eq!(opaque.await.unwrap_err().to_string(), "a task returned an error, a `[u8; 2]`");
    });
}

#[test]
fn an_error_of_the_body_cancels_the_tasks() {
    on_both(|| async {
        let alive = Alive::default();
        let result = scope(async |s| {
            s.spawn(lives_for_ever(alive.life()));
            Err::<(), _>(vela::Error::msg("enough"))
        })
        .await;
        assert_eq!((result.unwrap_err().to_string().as_str(), alive.count()), ("enough", 0));
    });
}

#[test]
fn a_panic_of_the_body_goes_on_after_the_tasks_have_ended() {
    on_both(|| async {
        let alive = Alive::default();
        let life = alive.life();
        let outer = spawn(async move {
            scope(async |s| {
                s.spawn(lives_for_ever(life));
                yield_now().await;
                if true {
                    panic!("body");
                }
            })
            .await
            .ok();
        });
        assert_eq!(outer.await.unwrap_err().into_panic().unwrap().message(), "body");
        assert_eq!(alive.count(), 0);
    });
}

#[test]
fn who_joins_a_task_of_the_scope_gets_the_value_or_learns_that_it_failed() {
    on_both(|| async {
        let result = scope(async |s| {
            let good = s.try_spawn(async { "7".parse::<u8>() });
            assert_eq!(good.await.unwrap(), 7);
            let task = Arc::new(s.try_spawn(async { "x".parse::<u8>() }));
            let error = task.join().await;
            // Cancelled with the scope at the latest at the next `.await`; the join itself was ready.
            assert!(matches!(error, Err(TaskError::Failed(_))), "{error:?}");
            Ok(())
        })
        .await;
        assert!(result.unwrap_err().is::<std::num::ParseIntError>());
    });
}

#[test]
fn cancelling_the_parent_cancels_the_children_and_grandchildren() {
    on_both(|| async {
        let alive = Alive::default();
        let (child, grandchild) = (alive.life(), alive.life());
        let (tx, rx) = vela::oneshot::channel();
        let parent = spawn(async move {
            scope(async move |s| {
                s.spawn(lives_for_ever(child));
                s.spawn(async move {
                    scope(async move |s| {
                        s.spawn(lives_for_ever(grandchild));
                        tx.send(()).ok();
                        pending::<()>().await;
                    })
                    .await
                    .ok();
                });
                pending::<()>().await;
            })
            .await
            .ok();
        });
        rx.recv().await;
        assert_eq!(alive.count(), 2);
        parent.cancel();
        assert!(parent.await.unwrap_err().is_cancelled());
        // A drop cannot wait: they are gone shortly after.
        while alive.count() > 0 {
            yield_now().await;
        }
    });
}

#[test]
fn dropping_the_future_of_a_scope_cancels_its_tasks() {
    on_both(|| async {
        let alive = Alive::default();
        let life = alive.life();
        {
            let mut running = pin!(scope(async |s| {
                s.spawn(lives_for_ever(life));
                pending::<()>().await;
            }));
            assert!(is_pending(running.as_mut()).await);
        }
        while alive.count() > 0 {
            yield_now().await;
        }
    });
}

#[test]
fn tasks_start_further_tasks_in_their_scope() {
    fn grow(s: Scope, depth: u32, count: Arc<AtomicUsize>) {
        count.fetch_add(1, Ordering::SeqCst);
        if depth > 0 {
            for _ in 0..2 {
                let (inner, count) = (s.clone(), Arc::clone(&count));
                s.spawn(async move { grow(inner, depth - 1, count) });
            }
        }
    }
    on_both(|| async {
        let count = Arc::new(AtomicUsize::new(0));
        scope(async |s| grow(s.clone(), 9, Arc::clone(&count))).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), (1 << 10) - 1);
    });
}

#[test]
fn a_scope_that_has_ended_takes_no_tasks() {
    on_both(|| async {
        let mut kept = None;
        scope(async |s| kept = Some(s.clone())).await.unwrap();
        let s = kept.unwrap();
        let alive = Alive::default();
        let task = s.spawn(lives_for_ever(alive.life()));
        assert_eq!((alive.count(), task.id()), (0, None));
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_cancelled_task_is_no_failure() {
    on_both(|| async {
        let result = scope(async |s| {
            let task = s.spawn(pending::<()>());
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
            1
        })
        .await;
        assert_eq!(result.unwrap(), 1);
    });
}

#[test]
fn a_scope_can_be_cancelled_from_inside() {
    on_both(|| async {
        let result = scope(async |s| {
            s.spawn(pending::<()>());
            s.cancel();
            assert!(s.is_cancelled());
            "body runs on"
        })
        .await;
        assert_eq!(result.unwrap(), "body runs on");
    });
}

#[test]
fn a_scope_runs_inside_a_task_that_may_move_between_threads() {
    fn needs_send<T: Send>(value: T) -> T {
        value
    }
    on_both(|| async {
        let text = String::from("outer");
        let task = spawn(needs_send(async move {
            scope(async |s| {
                let inner = s.spawn(async { 1 });
                yield_now().await;
                Ok(inner.await? + text.len())
            })
            .await
        }));
        assert_eq!(task.await.unwrap().unwrap(), 6);
    });
}

// -------------------------------------------------------------------------------------------------- groups

#[test]
fn a_group_joins_all_and_can_be_used_again() {
    on_both(|| async {
        let group = Group::new();
        let count = Arc::new(AtomicUsize::new(0));
        for round in 1..=3 {
            for _ in 0..10 {
                let count = Arc::clone(&count);
                group.spawn(async move {
                    yield_now().await;
                    count.fetch_add(1, Ordering::SeqCst);
                });
            }
            group.join().await.unwrap();
            assert_eq!((count.load(Ordering::SeqCst), group.task_count()), (round * 10, 0));
        }
    });
}

#[test]
fn a_limit_holds_and_the_rest_starts_in_order() {
    on_both(|| async {
        let group = Group::with_limit(3);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..100 {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            group.spawn(async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        group.join().await.unwrap();
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));

        let group = Group::with_limit(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        for n in 0..100 {
            let order = Arc::clone(&order);
            group.spawn(async move {
                yield_now().await;
                order.lock().unwrap().push(n);
            });
        }
        group.join().await.unwrap();
        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_task_cancelled_in_the_queue_or_while_it_runs_gives_its_turn_on() {
    on_both(|| async {
        let group = Group::with_limit(1);
        let first = group.spawn(pending::<()>());
        let second = group.spawn(pending::<()>());
        let third = group.spawn(async { 3 });
        yield_now().await;
        second.cancel();
        assert!(second.await.unwrap_err().is_cancelled());
        assert!(!third.is_finished());
        first.cancel();
        assert_eq!(third.await.unwrap(), 3);
        group.join().await.unwrap();
    });
}

#[test]
fn the_first_failure_of_a_group_cancels_the_others_queued_ones_included() {
    on_both(|| async {
        let alive = Alive::default();
        let group = Group::with_limit(2);
        group.spawn(lives_for_ever(alive.life()));
        group.try_spawn(async { Err::<(), _>(std::fmt::Error) });
        for _ in 0..10 {
            group.spawn(lives_for_ever(alive.life()));
        }
        assert!(group.join().await.unwrap_err().is::<std::fmt::Error>());
        assert_eq!(alive.count(), 0);
        assert!(group.is_cancelled());
        assert!(group.spawn(async {}).await.unwrap_err().is_cancelled());
        group.join().await.unwrap();
    });
}

#[test]
fn dropping_a_group_cancels_its_tasks() {
    on_both(|| async {
        let alive = Alive::default();
        let group = Group::new();
        group.spawn(lives_for_ever(alive.life()));
        drop(group);
        while alive.count() > 0 {
            yield_now().await;
        }
    });
}

#[test]
fn a_dropped_join_of_a_group_loses_nothing() {
    on_both(|| async {
        let gate = Semaphore::new(0);
        let group = Group::new();
        let task = group.spawn({
            let gate = gate.clone();
            async move { gate.acquire(1).await.is_ok() }
        });
        {
            let mut join = pin!(group.join());
            assert!(is_pending(join.as_mut()).await);
        }
        gate.add_permits(1);
        group.join().await.unwrap();
        assert!(task.await.unwrap());
    });
}

#[test]
fn spawn_in_takes_scopes_groups_and_references_to_them() {
    on_both(|| async {
        let group = Arc::new(Group::new());
        TaskBuilder::new().spawn_in(&group, async {}, NeverFails);
        TaskBuilder::new().spawn_in(&&*group, async { Ok::<(), vela::Error>(()) }, ErrFails);
        scope(async |s| {
            // What `in(s)` expands to, with `s: &Scope`.
            TaskBuilder::new().spawn_in(&(s), async {}, NeverFails);
            TaskBuilder::new().spawn_in(&(s.clone()), async {}, NeverFails);
        })
        .await
        .unwrap();
        group.join().await.unwrap();
    });
}

#[test]
fn a_task_of_a_scope_knows_its_line() {
    on_both(|| async {
        scope(async |s| {
            let (task, line) = (s.spawn(async {}), line!());
            assert_eq!(task.spawned_at().line(), line);
            let (task, line) = (TaskBuilder::new().spawn_in(s, async {}, NeverFails), line!());
            assert_eq!(task.spawned_at().line(), line);
        })
        .await
        .unwrap();
    });
}

#[test]
fn stress_failures_and_cancellations_leave_no_task_behind() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        let alive = Alive::default();
        for round in 0..2_000_u32 {
            let stopped = Arc::new(AtomicBool::new(false));
            let result = scope(async |s| {
                for n in 0..8 {
                    let (life, inner, stopped) = (alive.life(), s.clone(), Arc::clone(&stopped));
                    s.try_spawn(async move {
                        let _life = life;
                        inner.spawn(async {});
                        if n == round % 10 {
                            stopped.store(true, Ordering::SeqCst);
                            return Err(std::fmt::Error);
                        }
                        yield_now().await;
                        Ok(())
                    });
                }
            })
            .await;
            assert_eq!(alive.count(), 0);
            assert!(result.is_ok() || stopped.load(Ordering::SeqCst));
        }
    });
}
