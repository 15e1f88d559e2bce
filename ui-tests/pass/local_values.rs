//! Values that are not `Send`, on one task.

use vela::prelude::*;

use std::rc::Rc;

#[vela::test]
async fn rc_in_channels_and_selects() {
    let (tx, rx) = vela::channel::<Rc<u32>>(2);
    let shared = Rc::new(5);
    vela! {
        tx <- Rc::clone(&shared) else { unreachable!() };
        assert_eq!(<-rx, Some(Rc::clone(&shared)));
    }
    let got = select! {
        tx <- Rc::clone(&shared), if *shared == 5 => Rc::strong_count(&shared),
        _ = <-rx => 0,
    };
    assert_eq!(got, 2);
}
