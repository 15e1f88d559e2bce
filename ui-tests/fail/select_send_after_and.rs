use vela::prelude::*;

async fn run(open: bool, tx: Sender<u32>) {
    select! {
        _ = open && tx <- 1 => {}
    }
}

fn main() {}
