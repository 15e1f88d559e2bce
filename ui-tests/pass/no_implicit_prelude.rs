//! Without a prelude.

#![no_implicit_prelude]

use ::std::option::Option::Some as Got;
use ::std::{assert, assert_eq};
use ::vela::{go, select, vela};

#[::vela::test]
async fn the_macros_need_no_prelude() {
    let (tx, rx) = ::vela::channel::<u32>(1);
    let task = go!(name("a") clone(tx) {
        tx <- 1 else { return };
        select! {
            tx <- 2 => {}
            _ = <-::vela::time::after(::vela::time::secs(60)) => {}
        }
    });
    vela! {
        assert_eq!(<-rx, Got(1));
        assert_eq!(<-rx, Got(2));
        assert!((<-task).is_ok());
        ::std::mem::drop(tx);
        for _ in <-rx {}
    }
    let mut value = 5;
    select! {
        biased;
        Some(n) = <-rx => assert_eq!(n, value),
        closed => value += 1,
    }
    assert_eq!(value, 6);
}
