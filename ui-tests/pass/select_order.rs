//! `biased;` and `then;`.

use vela::prelude::*;

#[vela::test]
async fn order_is_kept() {
    let (a_tx, a) = vela::channel::<u32>(9);
    let (b_tx, b) = vela::channel::<u32>(9);
    for n in 0..9 {
        assert!(a_tx.send(n).await.is_ok() && b_tx.send(n).await.is_ok());
    }
    for n in 0..4 {
        let got = select! {
            biased;
            v = <-a => v,
            _ = <-b => None,
        };
        assert_eq!(got, Some(n));
    }
    for n in 4..9 {
        let got = select! {
            v = <-a => v,
            then;
            _ = <-b => None,
            then;
            _ = <-after(ms(1)) => None,
        };
        assert_eq!(got, Some(n));
    }
}
