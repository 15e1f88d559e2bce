use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        = <-rx => println!("got one"),
    }
}

fn main() {}
