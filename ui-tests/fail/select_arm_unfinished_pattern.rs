use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        Some(x) =
    }
}

fn main() {}
