use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        n = 5 => drop(n),
        _ = <-rx => {}
    }
}

fn main() {}
