use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        let x = <-rx => drop(x),
    }
}

fn main() {}
