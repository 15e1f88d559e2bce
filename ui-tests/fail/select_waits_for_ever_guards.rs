use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>, open: bool) {
    select! {
        x = <-a, if open => drop(x),
        x = <-b, if !open => drop(x),
    }
}

fn main() {}
