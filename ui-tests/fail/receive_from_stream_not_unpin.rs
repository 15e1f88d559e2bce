use vela::prelude::*;

fn numbers() -> impl futures_util::Stream<Item = u32> {
    futures_util::stream::once(async { 1 })
}

async fn run() {
    vela! {
        let value = <-numbers();
        drop(value);
    }
}

fn main() {}
