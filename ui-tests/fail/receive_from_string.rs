use vela::prelude::*;

async fn run(name: String) {
    vela! {
        let value = <-name;
        drop(value);
    }
}

fn main() {}
