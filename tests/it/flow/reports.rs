//! What a report of the simulator calls the operations, and where it says that they were written.

use vela::flow::{self, Request, request, select_first};
use vela::prelude::*;
use vela::sim::Simulation;
use vela::sync::{Pool, Semaphore, Singleflight};

/// The report of a test that waits for ever.
fn report<F: Future<Output = ()>>(body: impl Fn() -> F) -> String {
    Simulation::new().schedules(3).check(body).unwrap_err().to_string()
}

#[track_caller]
fn names(report: &str, operation: &str) {
    assert!(report.contains("DEADLOCK") && report.contains("tests/it/flow/reports.rs"), "{report}");
    assert!(report.contains(operation), "no `{operation}`:\n{report}");
}

#[test]
fn waits_have_their_names_and_lines() {
    names(
        &report(async || {
            let pool = Pool::of([1]);
            let _out = pool.get().await;
            let _ = pool.get().await;
        }),
        "pool get at :",
    );
    names(
        &report(async || {
            let semaphore = Semaphore::new(1);
            let _ = vela!(<-semaphore.acquire(2));
        }),
        "acquire at :",
    );
    names(
        &report(async || {
            let flights = Singleflight::<u8, ()>::new();
            let _ = flights.run(1, std::future::pending).await;
        }),
        "singleflight at :",
    );
    names(
        &report(async || {
            let (tx, rx) = channel::<Request<u8, u8>>(1);
            let _ = request(&tx, 1).await;
            drop(rx);
        }),
        "request at :",
    );
    names(
        &report(async || {
            let (_tx, rx) = channel::<u8>(1);
            select_first([&rx]).await;
        }),
        "select_first at :",
    );
}

/// A stage is a task with the stage's name, started where the stage was put in.
#[test]
fn stages_have_their_names_and_lines() {
    let report = report(async || {
        let (tx, rx) = channel::<u8>(0);
        let (_out, pipeline) = flow::from(rx).map(1, async |n| n).filter(|_| true).into_receiver();
        let _ = pipeline.join().await;
        drop(tx);
    });
    names(&report, "\"map\" go! at tests/it/flow/reports.rs");
    names(&report, "\"filter\" go! at tests/it/flow/reports.rs");
    names(&report, "\"pipeline\" go! at tests/it/flow/reports.rs");
    names(&report, "join of task 1 \"pipeline\" at :");
}
