use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        Some(x) = rx.recv() => drop(x),
    }
}

fn main() {}
