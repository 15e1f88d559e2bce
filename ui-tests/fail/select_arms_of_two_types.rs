use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    let n: u32 = select! {
        Some(n) = <-rx => n,
        else => "none",
    };
    drop(n);
}

fn main() {}
