use vela::prelude::*;

async fn run(mut numbers: Vec<u32>) {
    select! {
        (i, n) = <-any(&mut numbers) => drop((i, n)),
    }
}

fn main() {}
