use vela::prelude::*;

async fn run(mut rx: tokio::sync::oneshot::Receiver<u32>) {
    vela! {
        let value = <-rx;
        drop(value);
    }
}

fn main() {}
