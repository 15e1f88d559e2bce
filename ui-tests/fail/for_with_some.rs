use vela::prelude::*;

async fn run(rx: Receiver<Option<u32>>) {
    vela! {
        for Some(x) in <-rx {
            drop(x);
        }
    }
}

fn main() {}
