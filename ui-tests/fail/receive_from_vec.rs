use vela::prelude::*;

async fn run(list: Vec<u32>) {
    vela! {
        for x in <-list {
            drop(x);
        }
    }
}

fn main() {}
