use vela::prelude::*;

async fn run(a: Receiver<u32>) {
    let next = || {
        select! {
            x = <-a => x,
            else => None,
        }
    };
    next();
}

fn main() {}
