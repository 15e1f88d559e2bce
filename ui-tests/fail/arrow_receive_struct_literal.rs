use vela::prelude::*;

struct Ticks {
    left: u32,
}

async fn run() {
    vela! {
        let value = <-Ticks { left: 3 };
        drop(value);
    }
}

fn main() {}
