//! A crate that depends on Vela from edition 2021.

use vela::prelude::*;

struct Server {
    jobs: Receiver<u32>,
}

vela::vela! {
    impl Server {
        async fn run(&self) -> u32 {
            let mut sum = 0;
            for n in <-self.jobs {
                sum += n;
            }
            sum
        }
    }
}

/// Uses every macro; gives 42.
#[vela::main(flavor = "current_thread")]
pub async fn all() -> u32 {
    let (tx, jobs) = vela::channel(4);
    let server = Server { jobs };
    let producer = go!(name("producer") clone(tx) -> Result<(), vela::SendError<u32>> {
        for n in [1, 2, 3] {
            (tx <- n)?;
        }
        tx <- 4
    });
    let mut lent = 5;
    vela::select! {
        tx <- mut lent => lent = 0,
        _ = <-after(secs(60)) => lent += 1,
    }
    drop(tx);
    let sum = server.run().await + lent;
    vela! {
        let done = (<-producer).is_ok();
    }
    let task = go!(std::future::ready(27));
    select! {
        n = <-task => n.unwrap_or(0) + if done { sum } else { 0 },
    }
}

#[vela::test]
async fn tests_run() {
    assert_eq!(go!(std::future::ready(1)).await.ok(), Some(1));
}
