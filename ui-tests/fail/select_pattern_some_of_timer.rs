use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        Some(_) = <-after(ms(1)) => {}
        _ = <-rx => {}
    }
}

fn main() {}
