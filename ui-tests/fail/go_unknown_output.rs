use vela::prelude::*;

async fn run() {
    go!(-> Nubmer {
        5
    });
}

fn main() {}
