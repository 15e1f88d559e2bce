//! Pools in deterministic schedules, on virtual time. No thread is used.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use vela::prelude::*;
use vela::sim::Simulation;
use vela_core::task::yield_now;
use vela_pool::{
    CpuPool, HybridPool, IoPool, JobError, Priority, SpawnErrorKind, WorkerPool, par_map, par_map_unordered,
};

fn pool(threads: usize, queue: usize) -> CpuPool {
    CpuPool::builder().threads(threads).queue(queue).build().unwrap()
}

/// A queue of one.
fn dropping() -> CpuPool {
    CpuPool::builder().threads(1).queue(1).overflow(Overflow::DropOldest).build().unwrap()
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(waker))
}

#[derive(Clone, Default)]
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[vela::test(schedules = 300)]
async fn at_most_as_many_jobs_run_as_there_are_threads_and_the_bound_holds() {
    let pool = pool(2, 3);
    let watch = go!(clone(pool) {
        for _ in 0..20 {
            let seen = pool.snapshot();
            assert!(seen.running <= 2 && seen.queued <= 3, "{seen:?}");
            yield_now().await;
        }
    });
    let submitters: Vec<_> = (0..3_u32)
        .map(|n| {
            go!(clone(pool) {
                let mut tasks = Vec::new();
                for m in 0..4 {
                    tasks.push(pool.spawn(move || n * 10 + m).await.unwrap());
                }
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for submitter in submitters {
        sum += submitter.await.unwrap();
    }
    assert_eq!(sum, (0..3).map(|n| n * 40 + 6).sum::<u32>());
    watch.await.unwrap();
    let seen = pool.snapshot();
    assert_eq!((seen.accepted, seen.done, seen.queued, seen.running), (12, 12, 0, 0));
}

/// A job runs once, or its closure is dropped; the task says which, and the numbers do.
#[vela::test(schedules = 500)]
async fn cancel_meets_the_run() {
    let pool = pool(1, 2);
    let (ran, dropped) = (Arc::new(AtomicUsize::new(0)), Dropped::default());
    let task = {
        let (ran, held) = (Arc::clone(&ran), dropped.clone());
        pool.spawn(move || {
            ran.fetch_add(1, SeqCst);
            drop(held);
        })
    };
    let task = Arc::new(task.await.unwrap());
    let canceller = go!(clone(task) {
        yield_now().await;
        task.cancel();
    });
    let joined = task.join().await;
    assert_eq!(dropped.0.load(SeqCst), 1, "before the joiner hears of it");
    canceller.await.unwrap();
    let (ran, seen) = (ran.load(SeqCst) as u64, pool.snapshot());
    assert_eq!(ran == 1, joined.is_ok());
    pool.join_all().await;
    let after = pool.snapshot();
    assert_eq!((after.done, after.cancelled, after.queued, after.running), (ran, 1 - ran, 0, 0));
    assert_eq!(seen.accepted, 1);
}

#[vela::test(strategy = "exhaustive", preemptions = 2)]
async fn cancel_frees_the_place_in_every_schedule() {
    let pool = pool(1, 1);
    let first = pool.spawn(|| 1).await.unwrap();
    let second = go!(clone(pool) { pool.spawn(|| 2).await.unwrap().await.unwrap() });
    first.cancel();
    assert_eq!(second.await.unwrap(), 2);
    match first.await {
        Ok(value) => assert_eq!(value, 1),
        Err(error) => assert!(error.is_cancelled()),
    }
}

#[vela::test(schedules = 300)]
async fn shutdown_meets_submissions() {
    let pool = pool(1, 1);
    let submitters: Vec<_> = (0..3)
        .map(|n| {
            go!(clone(pool) {
                match pool.spawn(move || n).await {
                    Ok(task) => task.await.map_err(|error| assert!(error.is_cancelled())).is_ok(),
                    Err(refused) => {
                        assert_eq!((refused.kind(), refused.into_inner()()), (SpawnErrorKind::Closed, n));
                        false
                    }
                }
            })
        })
        .collect();
    yield_now().await;
    let left = pool.shutdown(secs(1)).await;
    assert!(left.is_nothing() && pool.snapshot().queued == 0 && pool.snapshot().running == 0);
    let mut done = 0;
    for submitter in submitters {
        done += u64::from(submitter.await.unwrap());
    }
    assert_eq!((pool.snapshot().done, pool.snapshot().cancelled), (done, 0));
}

#[vela::test(schedules = 300)]
async fn shutdown_now_cancels_or_runs_each() {
    let pool = pool(2, 4);
    let mut tasks = Vec::new();
    for n in 0..4 {
        tasks.push(pool.spawn(move || n).await.unwrap());
    }
    let left = pool.shutdown_now(secs(1)).await;
    assert_eq!(left.running, 0);
    let mut cancelled = 0;
    for task in tasks {
        assert!(task.is_finished());
        cancelled += usize::from(task.await.is_err());
    }
    assert_eq!(cancelled, left.cancelled);
}

/// Whatever is dropped at an `.await`, the threads' own too: no job is lost without its task saying so, and no wait is for ever.
#[vela::test(schedules = 500, faults = "cancel, spurious")]
async fn nothing_hangs_when_tasks_are_dropped_anywhere() {
    let pool = pool(2, 1);
    let workers: Vec<_> = (0..3)
        .map(|n| {
            go!(clone(pool) {
                for m in 0..2 {
                    let _ = pool.run(move || n + m).await;
                }
            })
        })
        .collect();
    for worker in workers {
        let _ = worker.await;
    }
    pool.join_all().await;
    let seen = pool.snapshot();
    assert_eq!((seen.queued, seen.running, seen.accepted), (0, 0, seen.done + seen.cancelled));
}

/// Whatever else happens to the pool.
#[vela::test(schedules = 50)]
async fn a_job_that_the_policy_drops_says_so() {
    for closed in [false, true] {
        let pool = dropping();
        let mut first = pin!(pool.run(|| 1));
        assert!(poll(first.as_mut(), Waker::noop()).is_pending());
        let second = pool.try_spawn(|| 2).unwrap();
        if closed {
            pool.close();
        }
        let error = first.await.unwrap_err();
        assert!(matches!(error, JobError::Dropped(_)), "{error}");
        assert_eq!(second.await.unwrap(), 2);
    }
}

/// It was no policy that has cancelled it, though the pool has one.
#[vela::test(schedules = 50)]
async fn a_job_that_a_shutdown_cancels_was_not_dropped() {
    let pool = dropping();
    let mut first = pin!(pool.run(|| 1));
    assert!(poll(first.as_mut(), Waker::noop()).is_pending());
    assert_eq!(pool.shutdown_now(secs(1)).await.cancelled, 1);
    assert!(matches!(first.await, Err(JobError::Task(error)) if error.is_cancelled()));
}

#[vela::test(schedules = 200)]
async fn a_panic_is_its_callers() {
    let pool = pool(1, 4);
    let bad = pool.spawn(|| -> u32 { panic!("no more memory") }).await.unwrap();
    let good = pool.spawn(|| 7).await.unwrap();
    assert_eq!(bad.await.unwrap_err().into_panic().unwrap().message(), "no more memory");
    assert_eq!(good.await.unwrap(), 7);
}

/// Both run on one thread, and the panic that nobody looks at is found nevertheless.
#[test]
fn a_panic_that_nobody_has_seen_fails_the_test_whatever_its_thread_has_run_before() {
    for seen in [0, 1] {
        let found = Simulation::new().schedules(20).check(move || async move {
            let pool = pool(1, 4);
            let mut jobs = Vec::new();
            for text in ["first", "second"] {
                jobs.push(pool.spawn(move || panic!("{text}")).await.unwrap());
            }
            assert!(jobs.remove(seen).await.unwrap_err().is_panic());
            drop(jobs);
            pool.join_all().await;
        });
        let finding = found.unwrap_err().to_string();
        assert!(finding.contains(["second", "first"][seen]), "{finding}");
    }
}

#[vela::test(schedules = 200)]
async fn jobs_submit_jobs_into_a_full_queue() {
    let pool = pool(1, 1);
    let count = Arc::new(AtomicUsize::new(0));
    let (inside, counted) = (pool.clone(), Arc::clone(&count));
    let task = pool.spawn(move || {
        for _ in 0..5 {
            let count = Arc::clone(&counted);
            drop(inside.spawn_from_thread(move || count.fetch_add(1, SeqCst)).unwrap());
        }
    });
    task.await.unwrap().await.unwrap();
    pool.join_all().await;
    assert_eq!(count.load(SeqCst), 5);
}

#[vela::test(schedules = 200)]
async fn a_job_submits_into_a_full_queue_before_which_others_wait() {
    let pool = pool(1, 1);
    let count = Arc::new(AtomicUsize::new(0));
    let (inside, counted) = (pool.clone(), Arc::clone(&count));
    let first = pool.spawn(move || {
        for _ in 0..3 {
            let count = Arc::clone(&counted);
            drop(inside.spawn_from_thread(move || count.fetch_add(1, SeqCst)).unwrap());
        }
    });
    let other = pool.clone();
    let others = vela::task::spawn(async move {
        for _ in 0..3 {
            other.spawn(|| ()).await.unwrap();
        }
    });
    first.await.unwrap().await.unwrap();
    others.await.unwrap();
    pool.join_all().await;
    assert_eq!(count.load(SeqCst), 3);
}

#[vela::test(schedules = 200)]
async fn better_lanes_overtake() {
    let pool = pool(1, 8);
    let order = Arc::new(Mutex::new(Vec::new()));
    for (priority, n) in [(Priority::Low, 3), (Priority::Normal, 2), (Priority::High, 1)] {
        let order = Arc::clone(&order);
        drop(pool.priority(priority).try_spawn(move || order.lock().push(n)).unwrap());
    }
    pool.join_all().await;
    assert_eq!(*order.lock(), [1, 2, 3]);
}

#[vela::test(schedules = 200)]
async fn join_all_is_for_what_came_before() {
    let pool = pool(2, 8);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let done = Arc::clone(&done);
        drop(pool.spawn(move || done.fetch_add(1, SeqCst)).await.unwrap());
    }
    let later = go!(clone(pool) { for _ in 0..4 { drop(pool.spawn(|| ()).await.unwrap()); } });
    pool.join_all().await;
    assert_eq!(done.load(SeqCst), 4);
    later.await.unwrap();
}

#[vela::test(schedules = 200)]
async fn par_map_keeps_the_order_and_takes_no_more_than_it_may() {
    let pool = pool(2, 2);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let (tx, rx) = vela::channel(0);
    let (results, pipeline) = par_map(rx, &pool, 3, move |n: usize| {
        counted.fetch_add(1, SeqCst);
        n * n
    })
    .into_receiver();
    let sender = go!({
        for n in 0..12 {
            tx.send(n).await.unwrap();
        }
    });
    for n in 0..12 {
        // Three in the works, three results that nobody has received, and this one.
        assert!(taken.load(SeqCst) <= n + 7, "{} at {n}", taken.load(SeqCst));
        assert_eq!(results.recv().await, Some(n * n));
    }
    assert_eq!(results.recv().await, None);
    sender.await.unwrap();
    pipeline.join().await.unwrap();
}

#[vela::test(schedules = 200)]
async fn par_map_unordered_loses_nothing() {
    let pool = pool(2, 1);
    let (tx, rx) = vela::channel(1);
    let (results, pipeline) = par_map_unordered(rx, &pool, 2, |n: u32| n + 1).into_receiver();
    go!({
        for n in 0..8 {
            tx.send(n).await.unwrap();
        }
    });
    let mut got = Vec::new();
    while let Some(n) = results.recv().await {
        got.push(n);
    }
    got.sort_unstable();
    assert_eq!(got, (1..=8).collect::<Vec<_>>());
    pipeline.join().await.unwrap();
}

#[vela::test(schedules = 200)]
async fn a_panic_stops_par_map_and_closes_both_ends() {
    let pool = pool(2, 4);
    let (tx, rx) = vela::channel(1);
    let (results, pipeline) = par_map(rx, &pool, 2, |n: u32| if n == 2 { panic!("two") } else { n }).into_receiver();
    let sender = go!({
        for n in 0.. {
            if tx.send(n).await.is_err() {
                break;
            }
        }
    });
    while results.recv().await.is_some() {}
    let failure = pipeline.join().await.unwrap_err();
    assert!(matches!(failure.downcast_ref::<JobError>(), Some(JobError::Task(error)) if error.is_panic()), "{failure}");
    sender.await.unwrap();
    pool.join_all().await;
    assert_eq!(pool.snapshot().queued, 0);
}

#[vela::test(schedules = 200)]
async fn par_map_stops_when_nobody_wants_the_results() {
    let pool = pool(1, 4);
    let (tx, rx) = vela::channel(1);
    let (results, pipeline) = par_map(rx, &pool, 3, |n: u32| n).into_receiver();
    let sender = go!({
        for n in 0.. {
            if tx.send(n).await.is_err() {
                break;
            }
        }
    });
    assert_eq!(results.recv().await, Some(0));
    drop(results);
    sender.await.unwrap();
    pipeline.join().await.unwrap();
    pool.join_all().await;
    assert_eq!((pool.snapshot().queued, pool.snapshot().running), (0, 0));
}

/// As many as the pool can be given at a time, whatever was asked for.
#[vela::test(schedules = 20)]
async fn par_map_starts_no_more_tasks_than_the_pool_has_threads_and_places() {
    for (queue, most) in [(4, 5), (usize::MAX, 1025)] {
        let pool = pool(1, queue);
        for n in [0, 3, 5000, usize::MAX] {
            let (tx, rx) = vela::channel(4);
            let (ordered, one) = par_map(rx.clone(), &pool, n, |n: u32| n + 1).into_receiver();
            let (unordered, other) = par_map_unordered(rx, &pool, n, |n: u32| n + 1).into_receiver();
            sleep(ms(1)).await;
            let tasks = tx.receiver_count();
            assert!((2..=2 * most.min(n.max(1))).contains(&tasks), "{tasks} tasks for {n}, queue {queue}");
            for n in 0..4 {
                tx.send(n).await.unwrap();
            }
            drop(tx);
            let mut sum = 0;
            for results in [ordered, unordered] {
                while let Some(n) = results.recv().await {
                    sum += n;
                }
            }
            assert_eq!(sum, 10);
            one.join().await.unwrap();
            other.join().await.unwrap();
        }
    }
}

#[vela::test(schedules = 300)]
async fn an_io_pool_keeps_its_limit_on_virtual_time() {
    for pool in [IoPool::current(2), IoPool::builder().limit(2).build().unwrap()] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for _ in 0..6 {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            let task = pool.spawn(async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(secs(3600)).await;
                now.fetch_sub(1, SeqCst);
            });
            tasks.push(task.await.unwrap());
        }
        pool.join_all().await;
        assert_eq!((most.load(SeqCst), pool.snapshot().done, pool.snapshot().running), (2, 6, 0));
    }
}

#[vela::test(schedules = 200)]
async fn an_io_pool_cancels_what_is_left_at_the_end() {
    let pool = IoPool::current(8);
    let quick = pool.spawn(async { sleep(ms(5)).await }).await.unwrap();
    let never = pool.spawn(std::future::pending::<()>()).await.unwrap();
    let left = pool.shutdown(secs(1)).await;
    assert_eq!((left.cancelled, left.running), (1, 0));
    quick.await.unwrap();
    assert!(never.await.unwrap_err().is_cancelled());
    let refused = pool.spawn(async { 7 }).await.unwrap_err();
    assert_eq!((refused.kind(), refused.into_inner().await), (SpawnErrorKind::Closed, 7));
}

#[vela::test(schedules = 200)]
async fn what_an_io_pool_counts_as_cancelled_reads_as_cancelled() {
    for at_once in [false, true] {
        let pool = IoPool::current(4);
        let (tx, rx) = vela::channel::<u32>(1);
        let waits = pool.spawn(async move { rx.recv().await.is_some() }).await.unwrap();
        let ends_with_the_time = pool.spawn(async {
            sleep(secs(1)).await;
            true
        });
        let ends_with_the_time = ends_with_the_time.await.unwrap();
        sleep(ms(1)).await;
        let left = if at_once {
            tx.try_send(7).unwrap(); // it has its value
            pool.shutdown_now(secs(1)).await
        } else {
            pool.shutdown(secs(1) - std::time::Duration::from_millis(1)).await
        };
        let mut cancelled = 0;
        for task in [waits, ends_with_the_time] {
            cancelled += usize::from(task.await.is_err());
        }
        assert_eq!((left.cancelled, left.running), (cancelled, 0));
        assert_eq!(pool.snapshot().cancelled, cancelled as u64);
    }
}

/// Of any pool, and of each of its shutdowns: the same moment as everywhere.
#[vela::test(schedules = 100)]
async fn the_time_of_a_shutdown_begins_with_its_first_poll() {
    let (cpus, ios, both) = (pool(1, 4), IoPool::current(4), HybridPool::of(pool(1, 4), IoPool::current(4)));
    let (of_cpus, of_ios, of_both) = (cpus.shutdown(secs(1)), ios.shutdown(secs(1)), both.shutdown(secs(1)));
    sleep(secs(1)).await;
    let jobs = [cpus.spawn(|| ()).await.unwrap(), both.spawn_cpu(|| ()).await.unwrap()];
    assert!(of_cpus.await.is_nothing());
    let mut waits = vec![ios.spawn(async { sleep(ms(900)).await }).await.unwrap()];
    assert!(of_ios.await.is_nothing());
    waits.push(both.spawn_io(async { sleep(ms(900)).await }).await.unwrap());
    assert!(of_both.await.is_nothing());
    for task in jobs.into_iter().chain(waits) {
        task.await.unwrap();
    }
}

#[vela::test(schedules = 200)]
async fn a_hybrid_pool_ends_both_within_the_time() {
    let pool = HybridPool::of(pool(1, 4), IoPool::current(4));
    let job = pool.spawn_cpu(|| 1).await.unwrap();
    let wait = pool.spawn_io(async { sleep(secs(2)).await }).await.unwrap();
    let blocking = pool.spawn_blocking(|| 3).unwrap();
    let start = vela::time::Instant::now();
    let left = pool.shutdown(secs(1)).await;
    assert_eq!((left.cancelled, left.running, start.elapsed()), (1, 0, secs(1)));
    assert!(wait.await.unwrap_err().is_cancelled());
    assert_eq!((job.await.unwrap(), blocking.await.unwrap()), (1, 3));
}

#[vela::test(schedules = 200)]
async fn a_hybrid_pool_that_ends_at_once_cancels_what_waits_and_what_is_queued() {
    let pool = HybridPool::of(pool(1, 4), IoPool::current(1));
    let wait = pool.spawn_io(async { sleep(secs(2)).await }).await.unwrap();
    let late = go!(clone(pool) { pool.spawn_io(async {}).await.is_err() }); // in line, or too late
    let jobs: Vec<_> = (0..4).filter_map(|n| pool.cpu().try_spawn(move || n).ok()).collect();
    let start = vela::time::Instant::now();
    let left = pool.shutdown_now(secs(1)).await;
    assert_eq!((left.running, start.elapsed()), (0, secs(0)));
    let mut queued = 0;
    for job in jobs {
        queued += usize::from(job.await.is_err());
    }
    assert_eq!(left.cancelled, queued + 1);
    assert!(wait.await.unwrap_err().is_cancelled() && late.await.unwrap());
    assert!(pool.is_closed());
}

/// Results in the order of submission, from any pool.
async fn squares<P, W>(pool: &P, work: impl Fn(u32) -> W) -> Vec<u32>
where
    P: WorkerPool<W, Output = u32>,
    W: Send,
{
    let work: Vec<_> = (0..6).map(work).collect();
    let results = pool.submit_all(work).await;
    pool.join_all().await;
    results.into_iter().map(Result::unwrap).collect()
}

#[vela::test(schedules = 50)]
async fn submit_all_tells_what_was_refused_from_what_was_cancelled() {
    let pool = CpuPool::builder().threads(1).queue(1).overflow(Overflow::Reject).build().unwrap();
    let results = pool.submit_all((0..4).map(|n| move || if n == 0 { panic!("none") } else { n })).await;
    let refused = results.iter().filter_map(|result| result.as_ref().err()?.refused()).collect::<Vec<_>>();
    assert!(matches!(&results[0], Err(JobError::Task(error)) if error.is_panic()));
    assert_eq!(refused.len(), usize::try_from(pool.snapshot().rejected).unwrap());
    pool.close();
    let results = pool.submit_all([|| 1]).await;
    assert_eq!(results[0].as_ref().unwrap_err().refused(), Some(SpawnErrorKind::Closed));
}

#[vela::test(schedules = 200)]
async fn any_worker_pool_gives_results_in_the_order_of_submission() {
    use vela_pool::{Cpu, Io};
    let expected: Vec<_> = (0..6).map(|n| n * n).collect();
    let io = |n| async move {
        sleep(ms(10 - u64::from(n))).await;
        n * n
    };
    let (cpus, ios) = (pool(2, 2), IoPool::current(3));
    assert_eq!(squares(&cpus, |n| move || n * n).await, expected);
    assert_eq!(squares(&ios, io).await, expected);
    let both = HybridPool::of(cpus, ios);
    assert_eq!(squares(&both, |n| Cpu(move || n * n)).await, expected);
    assert_eq!(squares(&both, |n| Io(io(n))).await, expected);
}
