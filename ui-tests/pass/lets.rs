//! Only `let`s in `vela!`: their bindings stay visible.

use vela::prelude::*;

#[vela::test]
async fn bindings_stay_visible() {
    let (tx, rx) = vela::channel::<u32>(4);
    vela! {
        let sent = tx <- 1;
    }
    assert!(sent.is_ok());
    vela! {
        let Ok(()) = tx <- 2 else { unreachable!() };
        let (mut a, b) = (<-rx, <-rx);
    }
    a = a.map(|n| n + 10);
    assert_eq!((a, b), (Some(11), Some(2)));
}
