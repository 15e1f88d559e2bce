use vela::prelude::*;

async fn run(name: String) {
    vela! {
        _ = name <- "a";
    }
}

fn main() {}
