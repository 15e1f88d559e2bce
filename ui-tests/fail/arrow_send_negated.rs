use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        if !tx <- 1 {
            return;
        }
    }
}

fn main() {}
