use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    select! {
        tx <-
    }
}

fn main() {}
