use vela::prelude::*;

async fn run(a: Receiver<u32>) {
    select! {
        x y = <-a => drop(x),
    }
}

fn main() {}
