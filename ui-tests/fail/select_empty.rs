use vela::prelude::*;

async fn run() {
    select! {}
}

fn main() {}
