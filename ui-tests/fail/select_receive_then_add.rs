use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        x = <-rx + 1 => drop(x),
    }
}

fn main() {}
