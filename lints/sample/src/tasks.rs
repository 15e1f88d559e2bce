//! Tasks that Vela does not know, and workers that are blocked.

use std::time::Duration;

pub async fn tasks() {
    drop(tokio::spawn(async {})); //~ disallowed_methods: use `vela::go!`
    drop(tokio::runtime::Handle::current().spawn(async {})); //~ disallowed_methods: use `vela::go!`
    drop(tokio::task::spawn_blocking(|| ())); //~ disallowed_methods: vela::task::spawn_blocking
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async {}); //~ disallowed_methods: use `vela::task::scope`
    std::thread::sleep(Duration::ZERO); //~ disallowed_methods: blocks all tasks of the worker
    tokio::runtime::Handle::current().block_on(async {}); //~ disallowed_methods: panics in a task

    let (tx, rx) = vela::channel::<u8>(1); //? disallowed_methods: has no name and no monitor
    drop(tx);
    tokio::select! { //~ disallowed_macros: its `else` is Vela's `closed`
        _ = rx.recv() => {}
    }
}
