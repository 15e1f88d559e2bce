use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        None = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
