use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        tx <- ;
    }
}

fn main() {}
