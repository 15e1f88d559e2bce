use vela::prelude::*;

async fn run() {
    vela! {
        for tick in <-after(secs(1)) {
            drop(tick);
        }
    }
}

fn main() {}
