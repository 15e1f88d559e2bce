//! A set chosen at run time.

use vela::prelude::*;

#[vela::test]
async fn members_are_told_apart() {
    let (txs, mut rxs): (Vec<_>, Vec<_>) = (0..3).map(|_| vela::channel::<u32>(1)).unzip();
    assert!(txs[1].send(5).await.is_ok());
    select! {
        (i, v) = <-any(&mut rxs) => assert_eq!((i, v), (1, Some(5))),
    }
    drop(txs);
    let mut left = rxs.len();
    while !rxs.is_empty() {
        select! {
            (i, v) = <-any(&mut rxs) => {
                if v.is_none() {
                    rxs.swap_remove(i);
                    left -= 1;
                }
            }
        }
    }
    assert_eq!(left, 0);
}
