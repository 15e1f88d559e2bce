use vela::prelude::*;

async fn run() {
    go!(move || {
        println!("hello");
    });
}

fn main() {}
