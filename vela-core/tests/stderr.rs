//! What is said on the standard error output, in processes of their own: what, and that it harms nobody if nobody reads it.
//!
//! Each test runs itself once more, with a variable set.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use vela_core::flow::{self, Pipeline};
use vela_core::task::{panic_count, spawn, yield_now};
use vela_core::{Receiver, block_on, channel};

/// Names the test whose inner part is to run.
const INSIDE: &str = "VELA_TEST_STDERR";

fn is_inside(test: &str) -> bool {
    std::env::var_os(INSIDE).is_some_and(|name| name == test)
}

fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, test);
    command
}

/// What the inner part of a test writes about pipelines.
fn said_of_pipelines(test: &str) -> Vec<String> {
    let output = command(test).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    stderr.lines().filter(|line| line.starts_with("vela: the pipeline")).map(str::to_owned).collect()
}

/// A pipeline that is about to fail, and its output.
async fn failing(text: &'static str) -> (Receiver<u32>, Pipeline) {
    let (tx, rx) = channel(1);
    tx.send(text).await.unwrap();
    flow::from(rx).try_map(1, |text: &str| async move { text.parse::<u32>() }).into_receiver()
}

#[test]
fn a_failure_that_nobody_asks_for_is_reported() {
    let test = "a_failure_that_nobody_asks_for_is_reported";
    if is_inside(test) {
        return block_on(async {
            // Dropped before the failure.
            let (out, pipeline) = failing("before").await;
            drop(pipeline);
            assert_eq!(out.recv().await, None);
            // Dropped after it, unasked.
            let (_out, pipeline) = failing("after").await;
            while !pipeline.is_finished() {
                yield_now().await;
            }
            drop(pipeline);
            // Asked for, by a join that is dropped.
            let (_out, pipeline) = failing("given up").await;
            drop(pipeline.join());
            while !pipeline.is_finished() {
                yield_now().await;
            }
            drop(pipeline);
        });
    }
    let said = said_of_pipelines(test);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().all(|line| line.contains("stderr.rs:") && line.ends_with("invalid digit found in string")));
}

#[test]
fn a_failure_that_is_joined_or_wanted_or_was_reported_is_not_reported() {
    let test = "a_failure_that_is_joined_or_wanted_or_was_reported_is_not_reported";
    if is_inside(test) {
        return block_on(async {
            let (_out, pipeline) = failing("joined").await;
            assert!(pipeline.join().await.unwrap_err().is::<std::num::ParseIntError>());
            assert!(pipeline.join().await.is_err(), "it is given once");
            drop(pipeline);

            let (_tx, rx) = channel::<u8>(1);
            let (_out, pipeline) = flow::from(rx).map(1, async |n| n).into_receiver();
            pipeline.cancel();
            while !pipeline.is_finished() {
                yield_now().await;
            }
            drop(pipeline);

            let (tx, rx) = channel(1);
            tx.send(1).await.unwrap();
            let (_out, pipeline) = flow::from(rx).map(1, async |n: u8| assert_eq!(n, 2)).into_receiver();
            while !pipeline.is_finished() {
                yield_now().await;
            }
            drop(pipeline);
        });
    }
    assert_eq!(said_of_pipelines(test), [""; 0]);
}

/// `eprintln!` would panic.
#[cfg(unix)]
#[test]
fn a_report_that_nobody_reads_does_no_harm() {
    let test = "a_report_that_nobody_reads_does_no_harm";
    if is_inside(test) {
        // Until the other end is closed.
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        // What the hook says does not count here.
        std::panic::set_hook(Box::new(|_| ()));
        return block_on(async {
            let before = panic_count();
            let task = spawn(async { panic!("told nobody") });
            let panic = task.await.map(|(): ()| ()).unwrap_err().into_panic().unwrap();
            assert_eq!((panic.message(), panic_count()), ("told nobody", before + 1));

            let refused = catch_unwind(AssertUnwindSafe(|| block_on(async {}))).unwrap_err();
            assert!(refused.downcast::<String>().unwrap().contains("async context"));

            let (out, pipeline) = failing("late").await;
            assert_eq!(out.recv().await, None);
            while !pipeline.is_finished() {
                yield_now().await;
            }
            drop(pipeline);
            assert_eq!(panic_count(), before + 1);
        });
    }
    let mut child = command(test).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
