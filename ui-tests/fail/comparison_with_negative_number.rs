use vela::prelude::*;

async fn run(a: i32) {
    vela! {
        if a <-5 {
            println!("cold");
        }
    }
}

fn main() {}
