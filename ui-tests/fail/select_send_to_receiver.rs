use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        _ = rx <- 1 => {}
    }
}

fn main() {}
