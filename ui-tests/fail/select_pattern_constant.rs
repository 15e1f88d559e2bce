use vela::prelude::*;

const STOP: u32 = 0;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        Some(STOP) = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
