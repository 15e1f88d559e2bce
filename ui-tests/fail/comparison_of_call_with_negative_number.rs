use vela::prelude::*;

fn celsius() -> i32 {
    -10
}

async fn run() {
    vela! {
        if celsius() <-5 {
            println!("cold");
        }
    }
}

fn main() {}
