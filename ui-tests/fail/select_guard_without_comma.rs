use vela::prelude::*;

async fn run(rx: Receiver<u32>, open: bool) {
    select! {
        _ = <-rx if open => {}
        else => {}
    }
}

fn main() {}
