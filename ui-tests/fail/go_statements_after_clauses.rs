use vela::prelude::*;

async fn run() {
    go!(name("sum") let x = 1; println!("{x}"));
}

fn main() {}
