use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    go!(drop(rx));
    vela! {
        for n in <-rx {
            drop(n);
        }
    }
}

fn main() {}
