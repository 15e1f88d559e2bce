use vela::prelude::*;

async fn run() {
    go!(clone(5) {
        println!("hello");
    });
}

fn main() {}
