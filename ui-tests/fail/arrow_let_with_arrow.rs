use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        let value <- rx;
        drop(value);
    }
}

fn main() {}
