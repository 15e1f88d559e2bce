//! Selects in async closures, which borrow what they use.

use vela::prelude::*;

#[vela::test]
async fn async_closures_select() {
    let (tx, rx) = vela::channel::<u32>(4);
    let mut count = 0;
    let mut next = async |limit: u64| {
        select! {
            Some(n) = <-rx => { count += n; true }
            _ = <-after(ms(limit)) => false,
        }
    };
    assert!(!next(1).await);
    assert!(tx.send(5).await.is_ok());
    assert!(next(60_000).await);
    assert_eq!(count, 5);
}
