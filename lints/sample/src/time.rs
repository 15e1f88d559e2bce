//! Clocks and timers that are not in virtual time.

use std::time::Duration;

pub async fn time() {
    tokio::time::sleep(Duration::ZERO).await; //~ disallowed_methods: vela::time::sleep
    drop(tokio::time::timeout(Duration::ZERO, async {}).await); //~ disallowed_methods: vela::time::timeout
    drop(tokio::time::interval(Duration::from_secs(1))); //~ disallowed_methods: use `vela::time::tick`
    println!("{:?}", tokio::time::Instant::now()); //~ disallowed_methods: vela::time::Instant::now
    let start = std::time::Instant::now(); //~ disallowed_methods: vela::time::Instant::now
    println!("{:?}", start.elapsed()); //~ disallowed_methods: use `vela::time::Instant`
}
