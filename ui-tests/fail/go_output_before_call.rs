use vela::prelude::*;

fn add(a: u32, b: u32) -> u32 {
    a + b
}

async fn run() {
    go!(-> u32 add(1, 2));
}

fn main() {}
