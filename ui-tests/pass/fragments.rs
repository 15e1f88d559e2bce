//! Fragments of a user's macro (`$e:expr`, `$p:pat`, `$t:ty`, `$b:block`) inside Vela's macros.

use vela::prelude::*;

macro_rules! every_fragment {
    ($rx:expr, $tx:expr, $value:expr, $pat:pat, $ty:ty, $body:block, $guard:expr) => {{
        let sent: Result<(), vela::SendError<$ty>> = vela! { $tx <- $value };
        assert!(sent.is_ok());
        select! {
            $pat = <-$rx, if $guard => $body,
            closed => unreachable!(),
        }
    }};
}

#[vela::test]
async fn fragments_are_operands() {
    let (tx, rx) = vela::channel::<(u32, char)>(1);
    let seen;
    every_fragment!(
        rx,
        tx,
        (1, 'a'),
        pair,
        (u32, char),
        {
            seen = pair;
        },
        tx.len() == 1
    );
    assert_eq!(seen, Some((1, 'a')));
}
