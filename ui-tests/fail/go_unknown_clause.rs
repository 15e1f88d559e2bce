use vela::prelude::*;

async fn run() {
    go!(nmae("fetch") {
        println!("hello");
    });
}

fn main() {}
