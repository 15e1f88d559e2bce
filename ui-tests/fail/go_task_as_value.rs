use vela::prelude::*;

fn add(a: u32, b: u32) -> u32 {
    a + b
}

async fn run() {
    let n: u32 = go!(add(1, 2));
    drop(n);
}

fn main() {}
