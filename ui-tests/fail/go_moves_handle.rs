use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    go! {
        tx <- 1 else { return };
    };
    drop(tx);
}

fn main() {}
