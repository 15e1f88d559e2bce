use vela::prelude::*;

async fn run() {
    go!(name(5) {
        println!("hello");
    });
}

fn main() {}
