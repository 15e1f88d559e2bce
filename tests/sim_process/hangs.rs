//! A lock held over an await by two tasks: of Tokio it works, of `std` it blocks the only thread of the test.

use std::sync::Arc;

use vela::prelude::*;

/// With the variable it hangs: that is for a process of its own.
#[vela::test]
async fn lock_held_over_an_await() {
    if std::env::var_os("HANG_ON_A_LOCK").is_some() { with_std().await } else { with_tokio().await }
}

async fn with_tokio() {
    let lock = Arc::new(tokio::sync::Mutex::new(0));
    let other = go!(clone(lock) {
        let mut n = lock.lock().await;
        sleep(ms(1)).await;
        *n += 1;
    });
    {
        let mut n = lock.lock().await;
        sleep(ms(1)).await;
        *n += 1;
    }
    other.await.unwrap();
    assert_eq!(*lock.lock().await, 2);
}

#[allow(clippy::await_holding_lock)]
async fn with_std() {
    let lock = Arc::new(std::sync::Mutex::new(0));
    let held = lock.lock();
    let other = go!(clone(lock) { *lock.lock().unwrap() += 1; });
    sleep(ms(1)).await;
    drop(held);
    other.await.unwrap();
}
