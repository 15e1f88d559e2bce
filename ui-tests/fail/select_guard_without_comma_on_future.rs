use vela::prelude::*;

async fn run(work: impl Future, open: bool) {
    select! {
        _ = work if open => {}
        else => {}
    }
}

fn main() {}
