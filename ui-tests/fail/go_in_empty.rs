use vela::prelude::*;

async fn run() {
    go!(in() {
        println!("hello");
    });
}

fn main() {}
