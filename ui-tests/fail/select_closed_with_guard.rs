use vela::prelude::*;

async fn run(rx: Receiver<u32>, quick: bool) {
    select! {
        Some(_) = <-rx => {}
        closed if quick => println!("nothing"),
    }
}

fn main() {}
