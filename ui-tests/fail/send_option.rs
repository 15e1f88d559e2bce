use vela::prelude::*;

async fn run(tx: Sender<u32>, rx: Receiver<u32>) {
    vela! {
        _ = tx <- <-rx;
    }
}

fn main() {}
