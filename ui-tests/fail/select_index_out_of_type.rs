use vela::prelude::*;

async fn run(rxs: Vec<Receiver<u32>>) {
    select! {
        n = <-rxs["first"] => drop(n),
    }
}

fn main() {}
