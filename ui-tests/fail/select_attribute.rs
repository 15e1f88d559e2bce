use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        #[cfg(unix)]
        _ = <-rx => {}
    }
}

fn main() {}
