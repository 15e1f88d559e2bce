//! Arms that all leave, and what stands after them.

use vela::prelude::*;

async fn all_return(rx: &Receiver<u32>) -> u32 {
    loop {
        let n: u32 = select! {
            Some(n) = <-rx, if rx.len() > 5 => n,
            Some(n) = <-rx => return n,
            closed => return 100,
            else => return 200,
        };
        assert!(n > 0);
    }
}

async fn one_stays(rx: &Receiver<u32>) -> &'static str {
    let n = select! {
        Some(n) = <-rx => n,
        closed => return "closed",
        else => return "nothing",
    };
    if n > 0 { "more" } else { "zero" }
}

#[vela::test]
async fn control_leaves() {
    let (tx, rx) = vela::channel(1);
    assert_eq!(all_return(&rx).await, 200);
    assert_eq!(one_stays(&rx).await, "nothing");
    assert!(tx.send(1).await.is_ok());
    assert_eq!(one_stays(&rx).await, "more");
}
