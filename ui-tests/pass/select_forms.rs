//! Every kind of arm.

use vela::prelude::*;

fn next(n: &mut u32) -> u32 {
    *n += 1;
    *n
}

// Random: it counts on a schedule that is fair to the receiver.
#[vela::test(strategy = "random")]
async fn every_kind_of_arm() {
    let (tx, jobs) = vela::channel::<u32>(1);
    let (replies_tx, replies) = vela::channel::<u32>(1);
    let (out, results) = vela::channel::<u32>(1);
    let mut inputs = vec![vela::channel::<u32>(1).1];
    let (mut id, mut pending, mut log, waiting) = (0, 100, Vec::new(), true);
    assert!(tx.send(1).await.is_ok() && replies_tx.send(2).await.is_ok());
    drop((tx, replies_tx));
    let results = go! {
        let mut all = Vec::new();
        for n in <-results {
            all.push(n);
        }
        all
    };
    for _ in 0..1000 {
        select! {
            Some(job) = <-jobs => log.push(job),
            v = <-replies, if waiting => log.extend(v),
            out <- next(&mut id) => log.push(0),
            r = out <- 50 => assert!(r.is_ok()),
            out <- mut pending => pending = 100,
            _ = <-after(secs(60)) => unreachable!(),
            _ = std::future::ready(()) => log.push(7),
            (i, v) = <-any(&mut inputs) => {
                assert_eq!((i, v), (0, None));
                log.push(8);
            }
            closed => unreachable!(),
        }
    }
    drop(out);
    let all = results.join().await.unwrap();
    for n in [0, 1, 2, 7, 8] {
        assert!(log.contains(&n), "{n}");
    }
    assert!(all.contains(&50) && all.contains(&100) && pending == 100);
}
