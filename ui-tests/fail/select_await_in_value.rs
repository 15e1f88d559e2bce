use vela::prelude::*;

async fn compute() -> u32 {
    1
}

async fn run(tx: Sender<u32>) {
    select! {
        _ = tx <- compute().await => {}
    }
}

fn main() {}
