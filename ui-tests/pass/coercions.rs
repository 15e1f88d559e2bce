//! Values are coerced to the channel's type.

use vela::prelude::*;

use std::fmt::Display;

#[vela::test]
async fn sent_values_are_coerced() {
    let (tx, rx) = vela::channel::<Box<dyn Display + Send>>(4);
    let (calls_tx, calls) = vela::channel::<fn(u32) -> u32>(1);
    let (slices_tx, slices) = vela::channel::<&[u32]>(1);
    vela! {
        tx <- Box::new(5) else { unreachable!() };
        calls_tx <- |n| n + 1 else { unreachable!() };
        slices_tx <- &[1, 2, 3] else { unreachable!() };
        assert_eq!((<-rx).map(|v| v.to_string()), Some("5".to_owned()));
        assert_eq!((<-calls).map(|f| f(1)), Some(2));
        assert_eq!((<-slices).map(<[u32]>::len), Some(3));
    }
    select! {
        tx <- Box::new("text") => {}
        closed => unreachable!(),
    }
    assert_eq!(rx.recv().await.map(|v| v.to_string()), Some("text".to_owned()));
}
