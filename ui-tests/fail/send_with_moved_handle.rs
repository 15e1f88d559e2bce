use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        drop(tx);
        _ = tx <- 1;
    }
}

fn main() {}
