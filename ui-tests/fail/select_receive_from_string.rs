use vela::prelude::*;

async fn run(name: String, rx: Receiver<u32>) {
    select! {
        _ = <-name => {}
        _ = <-rx => {}
    }
}

fn main() {}
