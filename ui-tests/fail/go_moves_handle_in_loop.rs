use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    for n in 0..3 {
        go! {
            tx <- n else { return };
        };
    }
}

fn main() {}
