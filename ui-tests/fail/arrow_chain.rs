use vela::prelude::*;

async fn run(a: Sender<u32>, b: Sender<u32>) {
    vela! {
        a <- b <- 1;
    }
}

fn main() {}
