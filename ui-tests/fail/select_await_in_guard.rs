use vela::prelude::*;

async fn ready() -> bool {
    true
}

async fn run(rx: Receiver<u32>) {
    select! {
        _ = <-rx, if ready().await => {}
        else => {}
    }
}

fn main() {}
