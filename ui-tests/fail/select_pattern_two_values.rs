use vela::prelude::*;

async fn run(a: Receiver<(u32, u32)>, b: Receiver<u32>) {
    select! {
        Some((x, y, z)) = <-a => drop((x, y, z)),
        _ = <-b => {}
    }
}

fn main() {}
