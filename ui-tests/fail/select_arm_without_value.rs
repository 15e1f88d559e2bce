use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    let n: u32 = select! {
        n = <-rx => n,
    };
    drop(n);
}

fn main() {}
