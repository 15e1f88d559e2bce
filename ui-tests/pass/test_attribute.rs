//! `#[vela::test]`: options, results, other attributes.

use vela::prelude::*;

/// Documented.
#[vela::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "as it should")]
async fn panics() {
    let task = go!(std::future::ready(1));
    assert!(task.join().await.is_err(), "as it should");
}

#[vela::test(flavor = "current_thread")]
#[cfg_attr(not(any()), allow(clippy::unused_async))]
async fn gives_a_result() -> Result<(), TaskError> {
    go!(std::future::ready(())).await
}

#[vela::test(crate = "::vela")]
async fn names_its_crate() {
    vela! { <-after(ms(1)); }
}

#[vela::test(
    schedules = 1_000,
    strategy = "pct",
    depth = 2,
    seed = 0x5eed,
    faults = "spurious, cancel, panic, delay",
    time_limit = "2m",
    max_steps = 1_000,
    leaks = "allow",
    crate = "::vela"
)]
async fn takes_all_options() {
    vela! { <-after(ms(1)); }
}

#[vela::test(strategy = "exhaustive", preemptions = 1)]
async fn tries_everything() -> vela::Result<()> {
    Ok(go!(std::future::ready(())).await?)
}

#[vela::test(tokio)]
async fn has_a_runtime() {
    tokio::time::sleep(ms(1)).await;
}
