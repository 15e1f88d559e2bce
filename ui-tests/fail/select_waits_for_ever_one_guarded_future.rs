use vela::prelude::*;

async fn run(work: impl Future, busy: bool) {
    select! {
        _ = work, if busy => println!("done"),
    }
}

fn main() {}
