use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    select! {
        Some(x) = tx <- 1 => drop(x),
        closed => {}
    }
}

fn main() {}
