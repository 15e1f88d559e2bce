//! What pools tell about themselves.

#[cfg(any(feature = "serde", feature = "tracing"))]
use vela_core::Overflow;
use vela_core::block_on;
use vela_pool::{CpuPool, IoPool, snapshot};

#[test]
fn named_pools_are_listed_while_they_are_there() {
    let named = |name: &str| snapshot().iter().filter(|pool| pool.name == name).count();
    let cpu = CpuPool::builder().threads(1).name("numbers.cpu").build().unwrap();
    let io = IoPool::builder().name("numbers.io").limit(3).on_current();
    assert_eq!((named("numbers.cpu"), named("numbers.io"), named("")), (1, 1, 0));
    block_on(cpu.run(|| ())).unwrap();
    drop((cpu, io));
    // The thread may hold its last reference for a moment.
    while named("numbers.cpu") + named("numbers.io") > 0 {
        std::thread::yield_now();
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_can_be_serialised() {
    let pool = CpuPool::builder().threads(1).queue(1).overflow(Overflow::Reject).name("numbers.serde").build().unwrap();
    block_on(pool.run(|| ())).unwrap();
    let seen = pool.snapshot();
    let text = serde_json::to_string(&seen).unwrap();
    assert!(text.contains(r#""name":"numbers.serde""#) && text.contains(r#""done":1"#), "{text}");
    assert_eq!(serde_json::from_str::<vela_pool::PoolSnapshot>(&text).unwrap(), seen);
}

#[cfg(feature = "metrics")]
#[test]
fn pools_of_one_name_are_added_up_and_nothing_is_handed_over_twice() {
    let prometheus = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().unwrap();
    vela_pool::describe();
    let pools = [(); 2].map(|()| CpuPool::builder().threads(1).name("numbers.published").build().unwrap());
    for pool in &pools {
        block_on(pool.run(|| ())).unwrap();
    }
    vela_pool::publish();
    vela_pool::publish();
    // There is no sum of these.
    let endless =
        [(); 2].map(|()| CpuPool::builder().threads(1).queue(usize::MAX).name("numbers.endless").build().unwrap());
    vela_pool::publish();
    drop(endless);
    let page = prometheus.render();
    for line in [
        r#"vela_pool_jobs_done_total{pool="numbers.published"} 2"#,
        r#"vela_pool_threads{pool="numbers.published"} 2"#,
        r#"vela_pool_queue_capacity{pool="numbers.published"} 2048"#,
        r#"vela_pool_queue_capacity{pool="numbers.endless"} 18446744073709552000"#,
        r#"vela_pool_queue_depth{pool="numbers.published"} 0"#,
        r#"vela_pool_run_seconds_count{pool="numbers.published"} 2"#,
        r#"vela_pool_queue_seconds_count{pool="numbers.published"} 2"#,
    ] {
        assert!(page.contains(line), "{line} in\n{page}");
    }
}

#[cfg(feature = "tracing")]
#[test]
fn drops_are_told_at_most_once_in_ten_seconds() {
    use std::sync::{Arc, Mutex, mpsc};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);
    impl<S: tracing::Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            let mut text = event.metadata().target().to_owned();
            event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                text += &format!(" {field}={value:?}");
            });
            self.0.lock().unwrap().push(text);
        }
    }
    let lines = Lines::default();
    let _here = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    let policy = Overflow::DropNewest;
    let pool = CpuPool::builder().threads(1).queue(1).overflow(policy).name("numbers.drops").build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (running, runs) = mpsc::channel();
    let holding = pool.try_spawn(move || {
        running.send(()).unwrap();
        wait.recv().ok();
    });
    runs.recv().unwrap();
    for _ in 0..10 {
        drop(pool.try_spawn(|| ()).unwrap());
    }
    let told: Vec<_> = lines.0.lock().unwrap().iter().filter(|line| line.starts_with("vela::pool")).cloned().collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("pool=\"numbers.drops\"") && told[0].contains("jobs=1"), "{told:?}");
    assert_eq!(pool.snapshot().dropped, 9);
    pool.close();
    let told: Vec<_> = lines.0.lock().unwrap().iter().filter(|line| line.starts_with("vela::pool")).cloned().collect();
    assert!(told.len() == 2 && told[1].contains("jobs=8"), "the rest, at the end: {told:?}");
    go.send(()).unwrap();
    holding.unwrap().join_blocking().unwrap();
}
