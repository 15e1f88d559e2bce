//! CPU pools on real threads. No test waits for a time: gates say when a job goes on.

mod wakers;

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use vela_core::context::Context;
use vela_core::task::{Task, current, panic_count};
use vela_core::time::timeout;
use vela_core::{Overflow, block_on};
use vela_pool::{CpuPool, CpuPoolBuilder, JobError, Priority, SpawnErrorKind};

use self::wakers::{Woken, poll, shrill};

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(30);

fn one_thread() -> CpuPoolBuilder {
    CpuPool::builder().threads(1)
}

/// A job that holds a thread until it is let go.
struct Holding {
    go: mpsc::Sender<()>,
    task: Task<()>,
}

impl Holding {
    /// Returns once the job runs.
    fn start(pool: &CpuPool) -> Self {
        let (go, wait) = mpsc::channel::<()>();
        let (running, runs) = mpsc::channel();
        let task = pool.try_spawn(move || {
            running.send(()).unwrap();
            // An error is a `go`, too: the test has failed.
            wait.recv().ok();
        });
        let task = task.unwrap();
        runs.recv().unwrap();
        Self { go, task }
    }

    fn end(self) {
        self.go.send(()).unwrap();
        self.task.join_blocking().unwrap();
    }
}

/// Counts how many of its clones were dropped.
#[derive(Clone)]
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_result_comes_back_as_a_task() {
    let pool = CpuPool::builder().threads(2).build().unwrap();
    block_on(async {
        let task = pool.spawn(|| 6 * 7).await.unwrap();
        assert!(task.spawned_at().file().ends_with("cpu.rs"));
        assert_eq!(task.await.unwrap(), 42);
        assert_eq!(pool.run(|| "run").await.unwrap(), "run");
        let named = pool.name("named").run(|| current().unwrap().name().map(str::to_owned));
        assert_eq!(named.await.unwrap().unwrap(), "named");
    });
    let seen = pool.snapshot();
    assert_eq!((seen.accepted, seen.done, seen.queued, seen.running), (3, 3, 0, 0));
    let measured = |count| (1..=3).contains(&count);
    assert!(measured(seen.in_queue.count) && measured(seen.run_time.count), "{seen:?}");
}

#[test]
fn results_are_operands_of_arrows_and_arms_of_a_select() {
    use vela::prelude::*;
    let pool = one_thread().build().unwrap();
    vela::block_on(async {
        vela! {
            let task = (<-pool.spawn(|| 1)).unwrap();
            assert_eq!((<-task).unwrap(), 1);
            assert_eq!((<-pool.run(|| 2)).unwrap(), 2);
        }
        let task = pool.spawn(|| 3).await.unwrap();
        select! {
            three = <-task => assert_eq!(three.unwrap(), 3),
            _ = <-after(secs(60)) => unreachable!("it takes no minute"),
        }
    });
}

#[test]
fn a_panic_is_its_callers_and_costs_no_thread() {
    let pool = one_thread().thread_name("worker").build().unwrap();
    let before = panic_count();
    let name = || thread::current().name().map(str::to_owned).unwrap();
    assert_eq!(pool.try_spawn(name).unwrap().join_blocking().unwrap(), "worker-0");
    let id = pool.try_spawn(|| thread::current().id()).unwrap().join_blocking().unwrap();
    for _ in 0..10 {
        let line = line!() + 1;
        let task = pool.name("bad").try_spawn(|| -> u32 { panic!("no more memory") }).unwrap();
        let panic = task.join_blocking().unwrap_err().into_panic().unwrap();
        assert_eq!((panic.message(), panic.name()), ("no more memory", Some("bad")));
        assert_eq!(panic.spawned_at().line(), line);
    }
    assert!(panic_count() >= before + 10);
    assert_eq!(pool.try_spawn(|| thread::current().id()).unwrap().join_blocking().unwrap(), id, "the same thread");
    assert_eq!((pool.snapshot().panicked, pool.snapshot().done), (10, 3));
}

#[test]
fn a_result_that_panics_when_nobody_wants_it_costs_no_thread() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the drop of a result")
        }
    }
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    drop(pool.try_spawn(|| Bomb).unwrap());
    holding.end();
    assert_eq!(pool.try_spawn(|| 7).unwrap().join_blocking().unwrap(), 7);
}

/// A result that nobody wants is dropped on the thread that has run the job. That may take as long as it likes: another job does not
/// wait for it, not even the one that this thread would run next.
#[test]
fn the_drop_of_a_result_may_wait_for_the_next_job() {
    struct Waits(mpsc::Sender<()>, mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            // The other thread is free from now on.
            self.0.send(()).unwrap();
            self.1.recv().unwrap();
        }
    }
    let pool = CpuPool::builder().threads(2).build().unwrap();
    let holding = Holding::start(&pool);
    let (go, wait) = mpsc::channel();
    let (running, runs) = mpsc::channel();
    let other = pool.try_spawn(move || {
        running.send(()).unwrap();
        wait.recv().unwrap();
    });
    runs.recv().unwrap();
    let (done, end) = mpsc::channel();
    drop(pool.try_spawn(move || Waits(go, end)).unwrap());
    let next = pool.try_spawn(move || done.send(()).unwrap()).unwrap();
    holding.end();
    next.join_blocking().unwrap();
    other.unwrap().join_blocking().unwrap();
}

#[test]
fn the_bound_of_the_queue_holds_and_the_closure_comes_back() {
    let pool = one_thread().queue(2).name("hash").build().unwrap();
    let holding = Holding::start(&pool);
    let queued = [pool.try_spawn(|| 1).unwrap(), pool.try_spawn(|| 1).unwrap()];
    let refused = pool.try_spawn(|| "back").unwrap_err();
    assert_eq!(refused.kind(), SpawnErrorKind::Full);
    assert_eq!(
        refused.to_string(),
        "the pool `hash` is full (its queue holds 2): `spawn` waits for a place, and a longer `queue` has more of them"
    );
    assert_eq!(refused.into_inner()(), "back");
    let seen = pool.snapshot();
    assert_eq!((seen.queued, seen.running, seen.high_water, seen.rejected), (2, 1, 2, 1));
    holding.end();
    assert_eq!(queued.map(|task| task.join_blocking().unwrap()), [1, 1]);
    assert_eq!(pool.try_spawn(|| 3).unwrap().join_blocking().unwrap(), 3);
}

#[test]
fn many_threads_submit_and_nothing_is_lost_and_the_bound_holds() {
    let pool = CpuPool::builder().threads(2).queue(8).build().unwrap();
    let sum = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..2_000 {
                    let sum = Arc::clone(&sum);
                    drop(pool.spawn_from_thread(move || sum.fetch_add(n, SeqCst)).unwrap());
                }
            });
        }
    });
    block_on(pool.join_all());
    assert_eq!(sum.load(SeqCst), 4 * 1999 * 1000);
    let seen = pool.snapshot();
    assert!(seen.high_water <= 8 && seen.done == 8_000, "{seen:?}");
}

#[test]
fn spawn_waits_for_room_and_a_wait_that_is_dropped_submits_nothing() {
    let pool = one_thread().queue(1).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| "queued").unwrap();
    let dropped = Dropped(Arc::default());
    let held = dropped.clone();
    block_on(async {
        assert!(timeout(SOON, pool.spawn(move || drop(held))).await.is_err());
        assert_eq!(dropped.0.load(SeqCst), 1, "with the closure");
        let waiting = vela_core::task::spawn({
            let pool = pool.clone();
            async move { pool.spawn(|| "waited").await.unwrap().await.unwrap() }
        });
        queued.cancel();
        assert!(queued.await.unwrap_err().is_cancelled());
        holding.go.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), "waited");
    });
}

#[test]
fn cancel_of_a_queued_job_frees_the_place_and_drops_the_closure_at_once() {
    let pool = one_thread().queue(1).build().unwrap();
    let holding = Holding::start(&pool);
    for round in 1..=100 {
        let dropped = Dropped(Arc::default());
        let held = dropped.clone();
        let task = pool.try_spawn(move || drop(held)).unwrap();
        assert!(pool.try_spawn(|| ()).is_err());
        task.cancel();
        assert_eq!(dropped.0.load(SeqCst), 1, "the closure is dropped when cancel returns");
        assert!(task.is_finished() && task.join_blocking().unwrap_err().is_cancelled());
        assert_eq!((pool.snapshot().queued, pool.snapshot().cancelled), (0, round));
    }
    holding.end();
    block_on(pool.join_all());
    assert_eq!((pool.snapshot().done, pool.snapshot().accepted), (1, 101));
}

#[test]
fn dropping_run_cancels_the_queued_job() {
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    let run = block_on(async { timeout(SOON, pool.run(|| unreachable!("it is cancelled"))).await });
    assert!(run.is_err() && pool.snapshot().cancelled == 1 && pool.snapshot().queued == 0);
    holding.end();
}

#[test]
fn a_running_job_survives_cancel() {
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    holding.task.cancel();
    assert!(!holding.task.is_finished());
    holding.end();
}

#[test]
fn better_lanes_go_first_and_each_in_order() {
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let push = |priority, label: &'static str| {
        let order = Arc::clone(&order);
        pool.priority(priority).try_spawn(move || order.lock().push(label)).unwrap()
    };
    let tasks = [
        push(Priority::Low, "low 1"),
        push(Priority::Normal, "normal 1"),
        push(Priority::High, "high 1"),
        push(Priority::Normal, "normal 2"),
        push(Priority::High, "high 2"),
    ];
    holding.end();
    assert!(tasks.into_iter().all(|task| task.join_blocking().is_ok()));
    assert_eq!(*order.lock(), ["high 1", "high 2", "normal 1", "normal 2", "low 1"]);
}

#[test]
fn reject_never_waits() {
    let pool = one_thread().queue(1).overflow(Overflow::Reject).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = block_on(pool.spawn(|| 1)).unwrap();
    assert_eq!(block_on(pool.spawn(|| 2)).unwrap_err().kind(), SpawnErrorKind::Full);
    let error = block_on(pool.run(|| 2)).unwrap_err();
    assert_eq!(error.refused(), Some(SpawnErrorKind::Full));
    assert_eq!(
        error.to_string(),
        "the pool is full (its queue holds 1): a longer `queue` has more places, and with another `overflow` callers wait"
    );
    assert_eq!(pool.snapshot().rejected, 2);
    holding.end();
    assert_eq!(queued.join_blocking().unwrap(), 1);
}

#[test]
fn drop_newest_cancels_the_new_job() {
    let pool = one_thread().queue(1).overflow(Overflow::DropNewest).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| 1).unwrap();
    let dropped = Dropped(Arc::default());
    let held = dropped.clone();
    let new = pool.try_spawn(move || drop(held)).unwrap();
    assert!(dropped.0.load(SeqCst) == 1 && new.join_blocking().unwrap_err().is_cancelled());
    assert_eq!((pool.snapshot().dropped, pool.snapshot().accepted, pool.snapshot().queued), (1, 3, 1));
    let error = block_on(pool.run(|| ())).unwrap_err();
    assert!(matches!(error, JobError::Dropped(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the job was dropped by the overflow policy, because the pool is full (its queue holds 1): a longer `queue` has more \
         places, and with another `overflow` callers wait"
    );
    holding.end();
    assert_eq!(queued.join_blocking().unwrap(), 1);
}

#[test]
fn drop_oldest_makes_room_but_never_for_a_job_that_matters_less() {
    let pool = one_thread().queue(2).overflow(Overflow::DropOldest).build().unwrap();
    let holding = Holding::start(&pool);
    let high = pool.priority(Priority::High).try_spawn(|| 1).unwrap();
    let old = pool.try_spawn(|| 2).unwrap();
    let new = pool.try_spawn(|| 3).unwrap();
    assert!(old.join_blocking().unwrap_err().is_cancelled());
    let low = pool.priority(Priority::High).try_spawn(|| 4).unwrap();
    assert!(new.join_blocking().unwrap_err().is_cancelled(), "the worst lane goes first");
    let worst = pool.priority(Priority::Low).try_spawn(|| 5).unwrap();
    assert!(worst.join_blocking().unwrap_err().is_cancelled(), "all in the queue matter more");
    holding.end();
    assert_eq!([high, low].map(|task| task.join_blocking().unwrap()), [1, 4]);
    assert_eq!(pool.snapshot().dropped, 3);
}

/// Whose waker panics is nobody else's business.
#[test]
fn who_submits_is_not_hit_by_the_waker_of_whose_job_is_dropped() {
    let pool = one_thread().queue(1).overflow(Overflow::DropOldest).build().unwrap();
    let holding = Holding::start(&pool);
    let mut first = pool.try_spawn(|| 1).unwrap();
    assert!(poll(Pin::new(&mut first), &shrill()).is_pending());
    let second = pool.try_spawn(|| 2).unwrap();
    assert_eq!((pool.snapshot().accepted, pool.snapshot().dropped), (3, 1));
    holding.end();
    assert_eq!(second.join_blocking().unwrap(), 2);
    assert!(first.join_blocking().unwrap_err().is_cancelled());
}

#[test]
fn a_waker_that_panics_keeps_nothing_in_the_queue() {
    let pool = one_thread().queue(4).build().unwrap();
    let holding = Holding::start(&pool);
    let mut tasks: Vec<_> = (0..4).map(|n| pool.try_spawn(move || n).unwrap()).collect();
    for task in &mut tasks[..2] {
        assert!(poll(Pin::new(task), &shrill()).is_pending());
    }
    let mut bye = pin!(pool.shutdown_now(LONG));
    assert!(poll(bye.as_mut(), Waker::noop()).is_pending());
    assert_eq!(pool.snapshot().queued, 0);
    holding.end();
    let left = block_on(bye);
    assert_eq!((left.cancelled, left.running), (4, 0));
    assert!(tasks.into_iter().all(|task| task.join_blocking().unwrap_err().is_cancelled()));
}

#[test]
fn a_close_reaches_all_in_line_also_behind_wakers_that_panic() {
    let pool = one_thread().queue(1).build().unwrap();
    let holding = Holding::start(&pool);
    drop(pool.try_spawn(|| ()).unwrap());
    let woken = [(); 2].map(|()| Arc::<Woken>::default());
    let [one, other] = woken.clone().map(Waker::from);
    let mut line = Vec::new();
    for waker in [one, shrill(), shrill(), other] {
        line.push(Box::pin(pool.spawn(|| ())));
        assert!(poll(line.last_mut().unwrap().as_mut(), &waker).is_pending());
    }
    assert!(pool.close());
    assert!(woken.iter().all(|woken| woken.0.load(SeqCst)));
    for spawn in line {
        assert_eq!(block_on(spawn).unwrap_err().kind(), SpawnErrorKind::Closed);
    }
    holding.end();
}

#[test]
fn timeout_waits_for_so_long() {
    let pool = one_thread().queue(1).overflow(Overflow::Timeout(SOON)).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| 1).unwrap();
    let late = block_on(pool.spawn(|| 2)).unwrap_err();
    assert_eq!((late.kind(), pool.snapshot().timeouts), (SpawnErrorKind::TimedOut, 1));
    holding.end();
    assert_eq!(queued.join_blocking().unwrap(), 1);
}

#[test]
fn retry_tries_again_and_counts_once() {
    let policy = Overflow::Retry { attempts: 3, backoff: Duration::from_millis(1) };
    let pool = one_thread().queue(1).overflow(policy).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| 1).unwrap();
    let refused = block_on(pool.spawn(|| 2)).unwrap_err();
    assert_eq!((refused.kind(), pool.snapshot().rejected), (SpawnErrorKind::Full, 1));
    holding.end();
    assert_eq!(queued.join_blocking().unwrap(), 1);
    assert_eq!(block_on(pool.spawn(|| 2)).unwrap().join_blocking().unwrap(), 2);
}

#[test]
fn jobs_inherit_the_context_and_know_their_task() {
    let pool = one_thread().build().unwrap();
    let context = Context::background().with_value("request 7");
    let task = context
        .enter(|| pool.name("hash").try_spawn(|| (Context::current().value::<&str>().copied(), current().unwrap())));
    let task = task.unwrap();
    let id = task.id();
    let (value, info) = task.join_blocking().unwrap();
    assert_eq!((value, info.name(), Some(info.id())), (Some("request 7"), Some("hash"), id));
    let nothing = pool.try_spawn(|| Context::current().value::<&str>().is_none()).unwrap();
    assert!(nothing.join_blocking().unwrap(), "nothing is left behind");
}

fn tree(pool: &CpuPool, depth: usize, done: &Arc<AtomicUsize>) {
    done.fetch_add(1, SeqCst);
    if depth > 0 {
        for _ in 0..3 {
            let (inside, done) = (pool.clone(), Arc::clone(done));
            drop(pool.spawn_from_thread(move || tree(&inside, depth - 1, &done)).unwrap());
        }
    }
}

#[test]
fn jobs_that_submit_jobs_into_a_full_queue_do_not_deadlock() {
    for threads in 1..=2 {
        let pool = CpuPool::builder().threads(threads).queue(1).build().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let (inside, count) = (pool.clone(), Arc::clone(&done));
        drop(pool.try_spawn(move || tree(&inside, 5, &count)).unwrap());
        // Who is done has submitted all that it will before.
        while done.load(SeqCst) < 364 {
            block_on(pool.join_all());
        }
        block_on(pool.join_all());
        assert_eq!((done.load(SeqCst), pool.snapshot().done), (364, 364));
    }
}

#[test]
fn a_job_that_submits_into_a_full_queue_is_rejected_where_that_is_the_policy() {
    let retry = Overflow::Retry { attempts: 100, backoff: LONG };
    for policy in [Overflow::Reject, retry] {
        let pool = one_thread().queue(1).overflow(policy).build().unwrap();
        let inside = pool.clone();
        let task = pool.try_spawn(move || {
            let first = inside.spawn_from_thread(|| 1).unwrap();
            (first, inside.spawn_from_thread(|| 2).unwrap_err().kind())
        });
        let (first, kind) = task.unwrap().join_blocking().unwrap();
        assert_eq!((first.join_blocking().unwrap(), kind), (1, SpawnErrorKind::Full));
    }
}

#[test]
fn a_full_queue_gives_the_closure_back_to_a_job_that_will_not_wait() {
    let pool = one_thread().queue(1).build().unwrap();
    let inside = pool.clone();
    let task = pool.try_spawn(move || {
        let first = inside.try_spawn(|| 1).unwrap();
        (first, inside.try_spawn(|| 2).unwrap_err().kind())
    });
    let (first, kind) = task.unwrap().join_blocking().unwrap();
    assert_eq!((first.join_blocking().unwrap(), kind), (1, SpawnErrorKind::Full));
}

#[test]
fn parallel_iterators_inside_use_the_threads_of_the_pool() {
    use rayon::prelude::*;
    let pool = CpuPool::builder().threads(2).thread_name("ours").build().unwrap();
    let here = |_| thread::current().name().is_some_and(|name| name.starts_with("ours-"));
    let ours = move || (0..1000).into_par_iter().all(here);
    assert!(pool.try_spawn(ours).unwrap().join_blocking().unwrap());
    assert!(pool.install(ours));
    let inside = pool.clone();
    assert!(pool.try_spawn(move || inside.install(ours)).unwrap().join_blocking().unwrap());
}

#[test]
fn a_refusal_becomes_an_error_by_itself_whatever_the_closure_holds() {
    use std::cell::Cell;
    fn submit(pool: &CpuPool) -> vela_core::Result<u32> {
        let cell = Cell::new(7); // `Send`, and not `Sync`
        Ok(pool.try_spawn(move || cell.take())?.join_blocking()?)
    }
    async fn wait(pool: &CpuPool) -> vela_core::Result<u32> {
        let cell = Cell::new(8);
        Ok(pool.spawn(move || cell.take()).await?.await?)
    }
    let pool = one_thread().name("hash").build().unwrap();
    assert_eq!((submit(&pool).unwrap(), block_on(wait(&pool)).unwrap()), (7, 8));
    pool.close();
    let text = "the pool `hash` is shut down: it takes no more work: submit before it is closed, or to a new pool";
    assert_eq!([submit(&pool).unwrap_err().to_string(), block_on(wait(&pool)).unwrap_err().to_string()], [text; 2]);
    assert_eq!(pool.try_spawn(|| ()).unwrap_err().into_refusal().to_string(), text);
}

#[test]
fn zeros_are_refused_with_what_to_do() {
    use vela_pool::IoPool;
    let texts = [
        CpuPool::builder().name("hash").threads(0).build().unwrap_err().to_string(),
        CpuPool::builder().threads(1).queue(0).build().unwrap_err().to_string(),
        IoPool::builder().worker_threads(0).build().unwrap_err().to_string(),
        IoPool::builder().worker_threads(1).limit(0).build().unwrap_err().to_string(),
    ];
    let expected = [
        "the pool `hash` cannot be built: with `.threads(0)` no job would ever run: give it 1 or more, or leave the call out for one a core",
        "the pool cannot be built: with `.queue(0)` no job could be taken: give it 1 or more, or leave the call out for 1024 places",
        "the pool cannot be built: with `.worker_threads(0)` nothing would ever run: give it 1 or more, or leave the call out for one a core",
        "the pool cannot be built: with `.limit(0)` nothing could ever start: give it 1 or more, or leave the call out for no limit",
    ];
    assert_eq!(texts, expected);
    assert!(CpuPool::new().unwrap().threads() >= 1);
}

#[test]
fn a_name_that_no_thread_can_have_is_refused_with_what_to_do() {
    use vela_pool::{HybridPool, IoPool};
    let texts = [
        CpuPool::builder().threads(1).name("a\0b").build().unwrap_err().to_string(),
        IoPool::builder().worker_threads(1).name("a\0b").build().unwrap_err().to_string(),
        CpuPool::builder().threads(1).name("hash").thread_name("\0").build().unwrap_err().to_string(),
        HybridPool::builder().threads(1).worker_threads(1).name("a\0b").build().unwrap_err().to_string(),
    ];
    let expected = [
        r#"the pool `a\0b` cannot be built: its threads are to be called "a\0b", and no thread's name holds a NUL: leave that out of `.name(…)`, or give a `.thread_name(…)`"#,
        r#"the pool `a\0b` cannot be built: its threads are to be called "a\0b", and no thread's name holds a NUL: leave that out of `.name(…)`, or give a `.thread_name(…)`"#,
        r#"the pool `hash` cannot be built: its threads are to be called "\0", and no thread's name holds a NUL: leave that out of `.thread_name(…)`"#,
        r#"the pool `a\0b.cpu` cannot be built: its threads are to be called "a\0b.cpu", and no thread's name holds a NUL: leave that out of `.name(…)`, or give a `.thread_name(…)`"#,
    ];
    assert_eq!(texts, expected);
    let pool = CpuPool::builder().threads(1).name("a\0b").thread_name("a-b").build().unwrap();
    assert_eq!(pool.pool_name(), Some("a\0b"));
    drop(IoPool::builder().name("a\0b").on_current()); // it has no threads
}

#[test]
#[should_panic(expected = "with `.limit(0)` nothing could ever start")]
fn a_limit_of_nothing_on_the_current_runtime_is_a_mistake() {
    drop(vela_pool::IoPool::current(0));
}

#[test]
fn blocking_calls_are_refused_in_an_async_context() {
    let pool = one_thread().build().unwrap();
    for what in ["install", "spawn_from_thread"] {
        let pool = pool.clone();
        let refused = vela_core::task::spawn(async move {
            match what {
                "install" => pool.install(|| ()),
                _ => drop(pool.spawn_from_thread(|| ())),
            }
        });
        let panic = refused.join_blocking().unwrap_err().into_panic().unwrap();
        assert!(panic.message().contains(what) && panic.message().contains("blocks its thread"), "{panic}");
        let instead = if what == "install" { "use `CpuPool::run`, or" } else { "use the `.await` form, or" };
        assert!(panic.message().contains(instead), "{panic}");
    }
}

#[test]
fn shutdown_of_an_idle_pool_leaves_nothing_and_gives_closures_back_afterwards() {
    let pool = one_thread().build().unwrap();
    assert!(!pool.is_closed());
    assert!(block_on(pool.shutdown(LONG)).is_nothing());
    assert!(pool.is_closed() && !pool.close());
    let refused = pool.try_spawn(|| "back").unwrap_err();
    assert_eq!((refused.kind(), refused.into_inner()()), (SpawnErrorKind::Closed, "back"));
    assert_eq!(block_on(pool.spawn(|| "back")).unwrap_err().into_inner()(), "back");
    assert!(block_on(pool.shutdown(LONG)).is_nothing(), "twice");
}

#[test]
fn shutdown_runs_what_is_queued() {
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| "queued").unwrap();
    block_on(async {
        let shutdown = vela_core::task::spawn(pool.shutdown(LONG));
        holding.go.send(()).unwrap();
        assert!(shutdown.await.unwrap().is_nothing());
    });
    assert!(queued.is_finished());
    assert_eq!(queued.join_blocking().unwrap(), "queued");
}

#[test]
fn shutdown_tells_what_is_left_when_its_time_is_up() {
    let pool = CpuPool::builder().threads(2).build().unwrap();
    let holding = [Holding::start(&pool), Holding::start(&pool)];
    let queued = [(); 3].map(|()| pool.try_spawn(|| ()).unwrap());
    let left = block_on(pool.shutdown(SOON));
    assert_eq!((left.cancelled, left.running), (3, 2));
    assert!(queued.iter().all(|task| task.is_finished() && task.join_blocking().unwrap_err().is_cancelled()));
    holding.into_iter().for_each(Holding::end);
    assert!(block_on(pool.shutdown(LONG)).is_nothing(), "and later nothing");
}

#[test]
fn shutdown_now_cancels_what_is_queued_and_wakes_who_waits_for_room() {
    let pool = one_thread().queue(1).build().unwrap();
    let holding = Holding::start(&pool);
    let queued = pool.try_spawn(|| ()).unwrap();
    block_on(async {
        let spawn = pool.spawn(|| "back");
        let waiting = async { spawn.await.map(drop).map_err(|error| (error.kind(), error.into_inner()())) };
        let (waited, left) = tokio::join!(biased; waiting, pool.shutdown_now(SOON));
        assert_eq!((left.cancelled, left.running), (1, 1));
        assert_eq!(waited, Err((SpawnErrorKind::Closed, "back")));
        assert!(queued.await.unwrap_err().is_cancelled());
    });
    holding.end();
}

#[test]
fn dropping_the_last_handle_runs_what_was_accepted_also_from_a_job() {
    let pool = one_thread().build().unwrap();
    let holding = Holding::start(&pool);
    let inside = pool.clone();
    let queued = pool.try_spawn(move || {
        drop(inside);
        "run"
    });
    let queued = queued.unwrap();
    drop(pool);
    holding.end();
    assert_eq!(queued.join_blocking().unwrap(), "run");
}

#[test]
fn join_all_does_not_wait_for_what_comes_later() {
    let pool = CpuPool::builder().threads(2).build().unwrap();
    let early = Holding::start(&pool);
    block_on(async {
        let mut join = std::pin::pin!(pool.join_all());
        assert!(timeout(SOON, &mut join).await.is_err());
        let late = Holding::start(&pool);
        early.go.send(()).unwrap();
        join.await;
        assert!(!late.task.is_finished());
        late.go.send(()).unwrap();
    });
}

/// Submitting, running, cancelling and shutting down at once: each task ends, and the numbers add up.
#[test]
fn chaos_adds_up() {
    for round in 0..30 {
        let pool = CpuPool::builder().threads(2).queue(4).build().unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        let start = Barrier::new(4);
        let (done, cancelled) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for seed in 0..3 {
                let (pool, ran, start, done, cancelled) = (&pool, &ran, &start, &done, &cancelled);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(round * 3 + seed);
                    start.wait();
                    for _ in 0..200 {
                        let ran = Arc::clone(ran);
                        let priority = random.choice([Priority::High, Priority::Normal, Priority::Low]).unwrap();
                        let submitted = pool.priority(priority).spawn_from_thread(move || ran.fetch_add(1, SeqCst));
                        let Ok(task) = submitted else { return };
                        if random.bool() {
                            task.cancel();
                        }
                        match task.join_blocking() {
                            Ok(_) => done.fetch_add(1, SeqCst),
                            Err(error) => {
                                assert!(error.is_cancelled());
                                cancelled.fetch_add(1, SeqCst)
                            }
                        };
                    }
                });
            }
            start.wait();
            if round % 2 == 0 {
                block_on(pool.shutdown_now(LONG));
            }
        });
        let left = block_on(pool.shutdown(LONG));
        let seen = pool.snapshot();
        assert!(left.is_nothing() && seen.queued == 0 && seen.running == 0, "{seen:?}");
        let (done, cancelled) = (done.load(SeqCst) as u64, cancelled.load(SeqCst) as u64);
        assert_eq!((seen.done, seen.cancelled, seen.accepted), (done, cancelled, done + cancelled));
        assert_eq!(ran.load(SeqCst) as u64, done);
    }
}

/// Rayon's own work has its turn: a job whose parts are stolen by a thread that serves the queue, and an `install`.
#[test]
fn parallel_iterators_and_installs_go_on_while_the_queue_is_never_empty() {
    use rayon::prelude::*;
    let pool = CpuPool::builder().threads(2).queue(16).build().unwrap();
    let stop = Arc::new(AtomicUsize::new(0));
    let feeder = thread::spawn({
        let (pool, stop) = (pool.clone(), Arc::clone(&stop));
        move || {
            while stop.load(SeqCst) == 0 {
                drop(
                    pool.spawn_from_thread(|| (0..2_000).fold(0_u64, |sum, n| sum ^ std::hint::black_box(n))).unwrap(),
                );
            }
        }
    });
    let slow = |n: u32| n + (0..5_000).fold(0, |sum, _| std::hint::black_box(sum));
    let sum = move || (0..64_u32).into_par_iter().with_max_len(1).map(slow).sum::<u32>();
    let (tell, told) = mpsc::channel();
    let worker = thread::spawn({
        let pool = pool.clone();
        move || {
            for _ in 0..100 {
                assert_eq!(
                    pool.priority(Priority::High).spawn_from_thread(sum).unwrap().join_blocking().unwrap(),
                    2016
                );
                assert_eq!(pool.install(sum), 2016);
            }
            tell.send(()).unwrap();
        }
    });
    let ended = told.recv_timeout(LONG);
    stop.store(1, SeqCst);
    feeder.join().unwrap();
    worker.join().unwrap();
    assert!(ended.is_ok(), "it took until the queue was empty");
}

/// Thread 1 runs a job whose right half thread 2 has stolen; that half waits for a part of its own, which thread 1 has stolen back.
/// Meanwhile thread 2 serves the queue. When the part is done it goes on with the half, although there are jobs in the queue.
#[test]
fn a_thread_that_waits_for_a_part_of_a_job_goes_on_when_it_is_ready() {
    let pool = CpuPool::builder().threads(2).build().unwrap();
    let gate = || {
        let (send, receive) = mpsc::channel::<()>();
        (send, Mutex::new(receive))
    };
    let wait = |gate: &Mutex<mpsc::Receiver<()>>| gate.lock().recv_timeout(LONG).unwrap();
    let (half_began, half_begins) = gate();
    let (part_began, part_begins) = gate();
    let (part_may_end, part_goes_on) = gate();
    let (waits, waiting) = gate();
    let (part_ended, part_ends) = gate();
    let (job_ended, job_ends) = gate();
    let job = move || {
        let part = || {
            part_began.send(()).unwrap();
            wait(&part_goes_on);
            part_ended.send(()).unwrap();
        };
        let half = || {
            half_began.send(()).unwrap();
            rayon::join(
                || {
                    wait(&part_begins);
                    waits.send(()).unwrap();
                },
                part,
            );
        };
        rayon::join(|| wait(&half_begins), half);
        job_ended.send(()).unwrap();
    };
    let job = pool.try_spawn(job).unwrap();
    wait(&waiting);
    let first = pool.try_spawn(move || {
        part_may_end.send(()).unwrap();
        wait(&part_ends);
        // Longer than a turn.
        thread::sleep(SOON);
    });
    let second = pool.try_spawn(move || job_ends.lock().recv_timeout(LONG).is_ok()).unwrap();
    first.unwrap().join_blocking().unwrap();
    assert!(second.join_blocking().unwrap(), "the job waits for the queue");
    job.join_blocking().unwrap();
}

#[test]
fn a_task_that_is_kept_does_not_keep_the_pool() {
    let pool = one_thread().name("cpu.kept").build().unwrap();
    let task = pool.try_spawn(|| 7).unwrap();
    drop(pool);
    while vela_pool::snapshot().iter().any(|pool| pool.name == "cpu.kept") {
        thread::yield_now();
    }
    task.cancel();
    assert_eq!(task.join_blocking().unwrap(), 7);
}
