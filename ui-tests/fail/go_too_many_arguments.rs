use vela::prelude::*;

fn show(n: u32) {
    println!("{n}");
}

async fn run() {
    go!(show(1, 2));
}

fn main() {}
