use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        let value = <-tx;
        drop(value);
    }
}

fn main() {}
