use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        for n in 0..10 {
            tx <- n else break;
        }
    }
}

fn main() {}
