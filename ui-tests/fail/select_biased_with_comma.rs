use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        biased,
        _ = <-rx => {}
    }
}

fn main() {}
