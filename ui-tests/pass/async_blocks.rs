//! Arrows in async blocks and async closures.

use vela::prelude::*;

#[vela::test]
async fn wait_inside_of_them() {
    let (tx, rx) = vela::channel::<u32>(4);
    vela! {
        let later = async { <-rx };
        let send = async |n: u32| tx <- n;
        let send_twice = async |n: u32| -> Result<(), vela::SendError<u32>> {
            (tx <- n)?;
            tx <- n + 1
        };
        assert!(send(1).await.is_ok());
        assert!(send_twice(2).await.is_ok());
        assert_eq!(later.await, Some(1));
        let moved = async move { (<-rx, <-rx) };
        assert_eq!(moved.await, (Some(2), Some(3)));
    }
}
