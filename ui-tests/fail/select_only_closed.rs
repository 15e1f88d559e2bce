use vela::prelude::*;

async fn run() {
    select! {
        closed => println!("nothing"),
    }
}

fn main() {}
