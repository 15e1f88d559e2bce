use vela::prelude::*;

async fn run(a: Receiver<&'static str>, b: Receiver<u32>) {
    select! {
        Some("stop") = <-a => {}
        _ = <-b => {}
    }
}

fn main() {}
