use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        Some(number) = <-rx => number.,
        else => {}
    }
}

fn main() {}
