use vela::prelude::*;

async fn run(a: Receiver<Option<u32>>, b: Receiver<u32>) {
    select! {
        Some(Some(n)) = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
