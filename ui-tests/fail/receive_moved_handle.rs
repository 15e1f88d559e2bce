use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        drop(rx);
        let value = <-rx;
        drop(value);
    }
}

fn main() {}
