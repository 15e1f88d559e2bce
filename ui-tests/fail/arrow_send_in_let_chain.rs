use vela::prelude::*;

async fn run(tx: Sender<u32>, open: bool) {
    vela! {
        if let Ok(()) = tx <- 1 && open {
            return;
        }
    }
}

fn main() {}
