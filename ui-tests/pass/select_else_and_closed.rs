//! `else`: nothing now. `closed`: never again.

use vela::prelude::*;

#[vela::test]
async fn each_runs_in_its_case() {
    let (tx, rx) = vela::channel::<u32>(1);
    let look = async || {
        select! {
            Some(n) = <-rx => n,
            closed => 100,
            else => 200,
        }
    };
    assert_eq!(look().await, 200);
    assert!(tx.send(1).await.is_ok());
    assert_eq!(look().await, 1);
    drop(tx);
    assert_eq!(look().await, 100);
    let last = select! {
        closed => 1,
        Some(n) = <-rx => n,
    };
    assert_eq!(last, 1);
}
