use vela::prelude::*;

async fn run() {
    vela! {
        let numbers = futures_util::stream::iter([1, 2]);
        let value = <-numbers;
        drop(value);
    }
}

fn main() {}
