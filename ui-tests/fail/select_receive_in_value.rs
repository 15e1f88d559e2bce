use vela::prelude::*;

async fn run(rx: Receiver<u32>, tx: Sender<Option<u32>>) {
    select! {
        _ = tx <- <-rx => {}
    }
}

fn main() {}
