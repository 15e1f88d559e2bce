use vela::prelude::*;

async fn run() {
    select! {
        => println!("go"),
    }
}

fn main() {}
