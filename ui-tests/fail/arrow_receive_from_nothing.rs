use vela::prelude::*;

async fn run() {
    vela! {
        let value = <-;
        drop(value);
    }
}

fn main() {}
