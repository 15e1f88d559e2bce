use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        _ = <-rx => {}
        default => println!("nothing"),
    }
}

fn main() {}
