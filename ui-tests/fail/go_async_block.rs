use vela::prelude::*;

async fn run() {
    go!(async move {
        println!("hello");
    });
}

fn main() {}
