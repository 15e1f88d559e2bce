use vela::prelude::*;

struct Own;

async fn run() {
    let own = Own;
    go!(clone(own) {
        drop(own);
    });
}

fn main() {}
