//! The tokens of other macros stay as they are, arrows included.

use vela::prelude::*;

macro_rules! count {
    ($a:ident <- $b:literal) => {
        (stringify!($a), $b)
    };
}

macro_rules! twice {
    ($value:expr) => {
        ($value, $value)
    };
}

#[vela::test]
async fn other_macros_see_their_own_tokens() {
    let (tx, rx) = vela::channel::<u32>(1);
    vela! {
        assert_eq!(count!(a <- 5), ("a", 5));
        tx <- 1 else { unreachable!() };
        let got = <-rx;
        assert_eq!(twice!(got), (Some(1), Some(1)));
    }
}
