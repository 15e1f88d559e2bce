use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    let value = <-rx;
    drop(value);
}

fn main() {}
