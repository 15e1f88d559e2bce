use vela::prelude::*;

async fn run(a: Sender<u32>, b: Sender<u32>) {
    select! {
        a <- 1 => println!("a"),
        b <- 2 => println!("b"),
    }
}

fn main() {}
