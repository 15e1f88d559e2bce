//! `tx <- mut v` moves `v` only if its arm wins.

use vela::prelude::*;

struct NotClone(u32);

#[vela::test]
async fn losers_give_back() {
    let (a, a_rx) = vela::channel::<NotClone>(0);
    let (b, b_rx) = vela::channel::<NotClone>(0);
    let (mut x, mut y) = (NotClone(1), NotClone(2));
    for _ in 0..3 {
        select! {
            a <- mut x => unreachable!(),
            r = b <- mut y, if x.0 > 0 => unreachable!("{}", r.is_ok()),
            else => { x.0 += 1; y.0 += 1 }
        }
    }
    assert_eq!((x.0, y.0), (4, 5));
    let receiver = go! {
        let got = <-a_rx;
        got.map(|v| v.0)
    };
    select! {
        a <- mut x => x = NotClone(10),
        b <- mut y => y = NotClone(20),
        closed => unreachable!(),
    }
    assert_eq!(receiver.join().await.unwrap(), Some(4));
    drop(b_rx);
    select! {
        b <- mut y => unreachable!("{}", 0),
        closed => {}
    }
    assert_eq!((x.0, y.0), (10, 5));
}
