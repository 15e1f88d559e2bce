use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        _ = <-rx => {}
        _ => println!("nothing"),
    }
}

fn main() {}
