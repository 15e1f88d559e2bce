use vela::prelude::*;

async fn run() {
    go!();
}

fn main() {}
