//! `name`, `clone`, `in`, `-> T`, in any order.

use vela::prelude::*;

struct Worker {
    out: Sender<u32>,
}

async fn send(out: Sender<u32>, n: u32) {
    out.send(n).await.unwrap();
}

#[vela::test]
async fn clauses_in_any_order() -> vela::Result<()> {
    let (out, rx) = vela::channel::<u32>(8);
    let worker = Worker { out };
    let group = Group::new();
    let seen = Vec::from([1]);
    let n = 2;
    let named = go!(name(format!("worker {n}")) clone(mut seen, out = worker.out) -> vela::Result<usize> {
        seen.push(n);
        (out <- n)?;
        Ok(seen.len())
    });
    assert_eq!(named.name(), Some("worker 2"));
    go!(in(group) clone(tx = worker.out) send(tx, 3));
    go!(clone(tx = worker.out,) in(&group) name("block") {
        tx <- 4 else { return };
    });
    group.join().await?;
    vela! {
        assert_eq!((<-named)??, 2);
        assert_eq!(seen.len(), 1);
        drop(worker);
        let mut all = Vec::new();
        for n in <-rx {
            all.push(n);
        }
        all.sort_unstable();
        assert_eq!(all, [2, 3, 4]);
    }
    Ok(())
}
