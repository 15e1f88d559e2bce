use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        Some(0..=9) = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
