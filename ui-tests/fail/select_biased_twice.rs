use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        biased;
        biased;
        _ = <-rx => {}
    }
}

fn main() {}
