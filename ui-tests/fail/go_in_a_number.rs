use vela::prelude::*;

async fn run() {
    go!(in(5) {
        println!("hello");
    });
}

fn main() {}
