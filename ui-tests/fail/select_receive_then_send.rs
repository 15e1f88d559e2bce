use vela::prelude::*;

async fn run(a: Receiver<Sender<u32>>) {
    select! {
        _ = <-a <- 1 => {}
    }
}

fn main() {}
