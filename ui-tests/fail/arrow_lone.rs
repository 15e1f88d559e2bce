use vela::prelude::*;

async fn run() {
    vela! {
        <-
    }
}

fn main() {}
