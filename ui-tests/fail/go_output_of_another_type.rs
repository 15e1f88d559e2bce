use vela::prelude::*;

async fn run() {
    go!(-> u32 {
        "five"
    });
}

fn main() {}
