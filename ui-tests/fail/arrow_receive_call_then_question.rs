use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        let value = <-rx.clone().map(Some)?.len;
        drop(value);
    }
}

fn main() {}
