use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        _ = <-rx, if 5 => {}
        else => {}
    }
}

fn main() {}
