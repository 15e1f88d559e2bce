use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        Some(_) = <-rx => {}
        complete => println!("nothing"),
    }
}

fn main() {}
