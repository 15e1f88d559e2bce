use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        let next = || <-rx;
        next();
    }
}

fn main() {}
