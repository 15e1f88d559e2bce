//! Unmodified user code in a deterministic test: every form of the language, every kind of channel, time, scopes, contexts.

use vela::prelude::*;

#[vela::test]
async fn tasks_channels_and_select() {
    let (tx, rx) = vela::channel::<u32>(1);
    let (done_tx, done) = vela::channel::<u32>(0);
    let worker = go!(name("worker") {
        for n in <-rx {
            done_tx <- n * 2 else { break };
        }
    });
    let mut got = Vec::new();
    let feeder = go!({
        for n in 0..3 {
            tx <- n else { break };
        }
    });
    vela! {
        while got.len() < 3 {
            select! {
                Some(n) = <-done => got.push(n),
                _ = <-after(secs(1)) => panic!("time moves only when nothing can run"),
            }
        }
        (<-feeder).unwrap();
        (<-worker).unwrap();
    }
    assert_eq!(got, [0, 2, 4]);
}
