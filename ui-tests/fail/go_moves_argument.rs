use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    go!(drop(tx));
    drop(tx);
}

fn main() {}
