use vela::prelude::*;

async fn run() {
    go!(|| println!("hello"));
}

fn main() {}
