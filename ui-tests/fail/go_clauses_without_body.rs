use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    go!(name("fetch") clone(tx));
}

fn main() {}
