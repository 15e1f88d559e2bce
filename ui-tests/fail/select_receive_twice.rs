use vela::prelude::*;

async fn run(all: Receiver<Option<Receiver<u32>>>) {
    select! {
        x = <- <-all => drop(x),
    }
}

fn main() {}
