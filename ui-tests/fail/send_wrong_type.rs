use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        _ = tx <- "one";
    }
}

fn main() {}
