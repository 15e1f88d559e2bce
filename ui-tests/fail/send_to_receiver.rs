use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        _ = rx <- 1;
    }
}

fn main() {}
