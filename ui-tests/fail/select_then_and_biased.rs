use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        biased;
        _ = <-a => {}
        then;
        _ = <-b => {}
    }
}

fn main() {}
