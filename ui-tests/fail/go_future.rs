use vela::prelude::*;

async fn run() {
    let work = async { 1 };
    go!(work);
}

fn main() {}
