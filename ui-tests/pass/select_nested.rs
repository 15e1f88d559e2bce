//! Selects in the bodies, operands and values of selects.

use vela::prelude::*;

#[vela::test]
async fn nested() {
    let (tx, rx) = vela::channel::<u32>(4);
    let (out, results) = vela::channel::<u32>(4);
    for n in 0..3 {
        assert!(tx.send(n).await.is_ok());
    }
    let got = select! {
        Some(a) = <-rx => select! {
            Some(b) = <-rx => select! {
                Some(c) = <-rx => [a, b, c],
                closed => [a, b, 9],
            },
            closed => [a, 9, 9],
        },
        closed => [9, 9, 9],
    };
    assert_eq!(got, [0, 1, 2]);
    let inner = select! {
        n = async { select! { n = <-rx => n, _ = <-after(ms(1)) => Some(7) } } => n,
        n = go!(async_send(out.clone(), 8)), if false => n.ok(),
    };
    assert_eq!(inner, Some(7));
    drop((out, results));
}

async fn async_send(out: Sender<u32>, n: u32) -> u32 {
    out.send(n).await.ok();
    n
}
