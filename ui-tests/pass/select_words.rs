//! `closed`, `biased`, `then`, `default` and `complete` are names elsewhere.

use vela::prelude::*;

#[vela::test]
async fn keywords_only_in_their_form() {
    let (closed, biased) = vela::channel::<u32>(2);
    let then = biased.clone();
    select! {
        closed <- 1 => {}
        else => unreachable!(),
    }
    select! {
        closed = <-biased => assert_eq!(closed, Some(1)),
        then = <-then => assert_eq!(then, Some(1)),
    }
    select! {
        default = <-biased => assert!(default.is_none()),
        complete = <-after(ms(1)) => { let () = complete; }
    }
}
