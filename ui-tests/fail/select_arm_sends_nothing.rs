use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    select! {
        _ = tx <- => {}
    }
}

fn main() {}
