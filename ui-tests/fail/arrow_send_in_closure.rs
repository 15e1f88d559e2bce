use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        (0..3).for_each(|n| {
            tx <- n;
        });
    }
}

fn main() {}
