use vela::prelude::*;

fn show(n: u32) {
    println!("{n}");
}

async fn run() {
    go!(shwo(1));
}

fn main() {}
