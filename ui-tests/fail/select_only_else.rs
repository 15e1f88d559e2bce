use vela::prelude::*;

async fn run() {
    select! {
        else => println!("nothing"),
    }
}

fn main() {}
