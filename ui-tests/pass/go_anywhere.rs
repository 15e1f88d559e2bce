//! `go!` inside any runtime, and with none at all.

use vela::prelude::*;

#[test]
fn without_a_runtime() {
    let (tx, rx) = vela::channel::<u32>(1);
    let task = go! {
        tx <- 5 else { return };
    };
    assert_eq!(rx.recv_blocking(), Some(5));
    assert!(task.join_blocking().is_ok());
}

#[test]
fn inside_a_runtime_of_ones_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let got = runtime.block_on(async {
        let task = go!(std::future::ready(5));
        vela! { <-task }
    });
    assert_eq!(got.ok(), Some(5));
}
