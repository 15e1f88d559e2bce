use vela::prelude::*;

async fn compute() -> u32 {
    1
}

async fn run() {
    select! {
        n = compute().await => drop(n),
        _ = <-after(secs(1)) => {}
    }
}

fn main() {}
