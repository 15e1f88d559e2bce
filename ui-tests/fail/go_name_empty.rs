use vela::prelude::*;

async fn run() {
    go!(name() {
        println!("hello");
    });
}

fn main() {}
