use vela::prelude::*;

async fn run() {
    select! {
        biased;
    }
}

fn main() {}
