use vela::prelude::*;

async fn run() {
    vela! {
        _ = 5 <- 1;
    }
}

fn main() {}
