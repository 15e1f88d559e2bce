use vela::prelude::*;

async fn run() {
    go!(func() {
        println!("hello");
    });
}

fn main() {}
