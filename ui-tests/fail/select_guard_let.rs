use vela::prelude::*;

async fn run(rx: Receiver<u32>, limit: Option<u32>) {
    select! {
        _ = <-rx, if let Some(_) = limit => {}
        else => {}
    }
}

fn main() {}
