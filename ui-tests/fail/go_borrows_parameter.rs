use vela::prelude::*;

async fn run(text: &str) {
    go! {
        println!("{text}");
    };
}

fn main() {}
