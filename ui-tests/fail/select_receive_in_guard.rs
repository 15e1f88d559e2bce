use vela::prelude::*;

async fn run(rx: Receiver<u32>, open: Receiver<bool>) {
    select! {
        _ = <-rx, if (<-open).is_some() => {}
        else => {}
    }
}

fn main() {}
