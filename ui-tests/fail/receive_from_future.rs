use vela::prelude::*;

async fn run() {
    vela! {
        let value = <-async { 1 };
        drop(value);
    }
}

fn main() {}
