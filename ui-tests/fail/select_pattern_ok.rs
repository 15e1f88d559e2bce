use vela::prelude::*;

async fn run(a: Receiver<Result<u32, String>>, b: Receiver<u32>) {
    select! {
        Some(Ok(n)) = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
