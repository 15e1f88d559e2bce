use vela::prelude::*;

async fn run() {
    select! {
        x = => drop(x),
    }
}

fn main() {}
