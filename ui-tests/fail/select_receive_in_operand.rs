use vela::prelude::*;

async fn run(all: Receiver<Receiver<u32>>) {
    select! {
        x = <-(<-all).unwrap() => drop(x),
    }
}

fn main() {}
