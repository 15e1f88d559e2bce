use vela::prelude::*;

async fn run(count: u32) {
    vela! {
        let value = <-count;
        drop(value);
    }
}

fn main() {}
