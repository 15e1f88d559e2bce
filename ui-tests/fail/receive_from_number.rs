use vela::prelude::*;

async fn run() {
    vela! {
        let value = <-5;
        drop(value);
    }
}

fn main() {}
