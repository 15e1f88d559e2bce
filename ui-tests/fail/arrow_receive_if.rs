use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>, first: bool) {
    vela! {
        let value = <-if first { &a } else { &b };
        drop(value);
    }
}

fn main() {}
