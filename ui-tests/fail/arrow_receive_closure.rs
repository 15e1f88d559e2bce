use vela::prelude::*;

async fn run() {
    vela! {
        let value = <-|| 1;
        drop(value);
    }
}

fn main() {}
