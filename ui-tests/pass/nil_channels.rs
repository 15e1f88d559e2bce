//! `Option` of a handle: `None` is never ready.

use vela::prelude::*;

struct Merge {
    a: Option<Receiver<u32>>,
    b: Option<Receiver<u32>>,
}

#[vela::test]
async fn finished_inputs_are_switched_off() {
    let ((a_tx, a), (b_tx, b)) = (vela::channel(2), vela::channel(2));
    for n in 0..2 {
        assert!(a_tx.send(n).await.is_ok() && b_tx.send(n + 10).await.is_ok());
    }
    drop((a_tx, b_tx));
    let mut merge = Merge { a: Some(a), b: Some(b) };
    let mut all = Vec::new();
    while merge.a.is_some() || merge.b.is_some() {
        select! {
            n = <-merge.a => match n {
                Some(n) => all.push(n),
                None => merge.a = None,
            },
            n = <-merge.b => match n {
                Some(n) => all.push(n),
                None => merge.b = None,
            },
        }
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 10, 11]);
    let nobody: Option<Sender<u32>> = None;
    select! {
        nobody <- 1 => unreachable!(),
        else => {}
    }
}
