//! `tx <- v else { … };` leaves when nobody can receive any more.

use vela::prelude::*;

async fn sends(tx: Sender<u32>) -> u32 {
    let mut sent = 0;
    vela! {
        for n in 0.. {
            tx <- n else { break };
            sent += 1;
        }
        tx <- 1 else { return sent };
    }
    unreachable!()
}

#[vela::test]
async fn leaves_by_break_and_by_return() {
    let (tx, rx) = vela::channel(0);
    let task = go!(sends(tx));
    vela! {
        assert_eq!(<-rx, Some(0));
        assert_eq!(<-rx, Some(1));
        drop(rx);
        assert_eq!((<-task).ok(), Some(2));
    }
}

#[vela::test]
async fn an_else_after_a_let_is_the_lets() {
    let (tx, rx) = vela::channel(1);
    vela! {
        let Ok(()) = tx <- 1 else { unreachable!() };
        let Some(n) = <-rx else { unreachable!() };
        assert_eq!(n, 1);
    }
}
