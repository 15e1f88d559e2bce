use vela::prelude::*;

async fn run() {
    go!(name("a" "b") {
        println!("hello");
    });
}

fn main() {}
