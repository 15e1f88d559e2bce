//! Tests that are to blame themselves: what the simulation does not control, and what it refuses.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use vela::prelude::*;
use vela::sim::{Faults, Simulation, Strategy, Verdict};
use vela::task::yield_now;

use super::finding::says;

fn fails() {
    panic!("whatever it is");
}

/// The order in which a `HashSet` gives its keys differs from run to run, and decides in which order tasks start.
#[test]
fn an_order_of_random_seeds_is_not_deterministic() {
    let failure = Simulation::new()
        .schedules(10)
        .check(|| async {
            let keys: HashSet<usize> = (0..40).collect();
            for n in keys {
                go!({
                    for _ in 0..n {
                        yield_now().await;
                    }
                });
            }
            // So that all of them are seen to run.
            for _ in 0..100 {
                yield_now().await;
            }
            fails();
        })
        .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::NotDeterministic);
    says(&failure, &["NOT DETERMINISTIC", "random seeds"]);
}

#[test]
fn the_real_clock_is_not_deterministic() {
    let failure = Simulation::new()
        .schedules(10)
        .check(|| async {
            // The digits of the nanoseconds: a step for each bit.
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
            for bit in 0..40 {
                if now >> bit & 1 == 1 {
                    go!({ yield_now().await });
                } else {
                    yield_now().await;
                }
            }
            fails();
        })
        .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::NotDeterministic);
}

/// What one schedule leaves behind for the next one; an exhaustive search needs no failure to see it.
#[test]
fn state_that_survives_a_schedule_is_not_deterministic() {
    let runs = AtomicUsize::new(0);
    let body = || async {
        for _ in 0..2 + runs.fetch_add(1, Ordering::Relaxed) % 3 {
            go!({ yield_now().await });
        }
    };
    let strategy = Strategy::Exhaustive { preemptions: None };
    let failure = Simulation::new().strategy(strategy).check(body).unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::NotDeterministic);
}

#[test]
fn a_wake_from_another_thread_is_reported() {
    let failure = Simulation::new()
        .schedules(10)
        .check(|| async {
            let (tx, rx) = channel(1);
            let waiter = go!({ rx.recv().await });
            // Until the waiter waits: then the send wakes it.
            for _ in 0..20 {
                yield_now().await;
            }
            std::thread::spawn(move || tx.try_send(1)).join().unwrap().unwrap();
            waiter.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::WokenFromOutside);
    says(&failure, &["WOKEN FROM OUTSIDE", "from another thread", "#[vela::test(tokio)]"]);
}

#[test]
fn blocking_ends_are_refused_by_name() {
    let refused = |what: &str, body: fn() -> bool| {
        let failure = Simulation::new().schedules(1).check(|| async { assert!(body()) }).unwrap_err();
        says(&failure, &["PANIC", what, "blocks its thread", "#[vela::test(tokio)]", "tests/sim/planted/strange.rs"]);
    };
    refused("send_blocking", || channel(1).0.send_blocking(1).is_ok());
    refused("recv_blocking", || channel::<u8>(1).1.recv_blocking().is_some());
    refused("wait_blocking", || {
        WaitGroup::new().wait_blocking();
        true
    });
    refused("join_blocking", || go!({}).join_blocking().is_ok());
    refused("recv_blocking", || vela::oneshot::channel::<u8>().1.recv_blocking().is_some());
    refused("recv_blocking", || vela::watch::channel(1).1.recv_blocking().is_some());
    refused("recv_blocking", || vela::broadcast::channel::<u8>(1).1.recv_blocking().is_some());
}

#[test]
fn a_timer_of_tokios_is_explained() {
    let failure = Simulation::new().schedules(1).check(|| tokio::time::sleep(Duration::from_secs(1))).unwrap_err();
    says(&failure, &["PANIC", "help: a deterministic test has no Tokio runtime", "vela::time"]);
}

#[test]
fn a_panic_of_a_task_that_nobody_joins_fails_the_test() {
    let failure = Simulation::new()
        .check(|| async {
            go!(name("careless") { panic!("nobody knows") });
        })
        .unwrap_err();
    says(&failure, &["task 1 \"careless\" panicked at tests/sim/planted/strange.rs:", "nobody knows"]);
    // One that was seen is the business of who saw it.
    Simulation::new().check(|| async { assert!(go!({ panic!("seen") }).await.is_err()) }).unwrap();
}

#[test]
fn an_error_that_the_body_returns_fails_the_test() {
    let failure = Simulation::new().check(|| async { Err::<(), _>("no luck") }).unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::Failed("\"no luck\"".into()));
    says(&failure, &["ERROR", "the test returned an error", "no luck"]);
}

#[test]
fn an_endless_loop_is_cut_off() {
    let failure = Simulation::new()
        .max_steps(500)
        .faults(Faults::none().spurious())
        .check(|| async {
            for _ in 0.. {
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::Endless { steps: 500 });
}

#[test]
fn tasks_may_be_left_waiting_where_that_is_said() {
    let body = || async {
        let (tx, rx) = channel::<u8>(0);
        go!({
            rx.recv().await;
            drop(tx);
        });
    };
    assert_eq!(*Simulation::new().check(body).unwrap_err().verdict(), Verdict::Leak);
    Simulation::new().allow_leaks().check(body).unwrap();
}
