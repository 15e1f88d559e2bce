use vela::prelude::*;

async fn run() {
    go!(name("a") name("b") {
        println!("hello");
    });
}

fn main() {}
