use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        Some(x) = <-a => drop(x),
        Some(x) = <-b => drop(x),
    }
}

fn main() {}
