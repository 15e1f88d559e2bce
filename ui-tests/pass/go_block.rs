//! `go! { … }`.

use vela::prelude::*;

#[vela::test]
async fn blocks_run_and_are_joined() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u32>(0);
    let sender = go! {
        for n in 0..3 {
            tx <- n else { return n };
        }
        99
    };
    let sum = go!({
        let mut sum = 0;
        for n in <-rx {
            sum += n;
        }
        sum
    });
    vela! {
        assert_eq!((<-sender)?, 99);
        assert_eq!((<-sum)?, 3);
    }
    go!(());
    Ok(())
}
