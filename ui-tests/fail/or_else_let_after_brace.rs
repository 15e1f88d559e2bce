use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        let Ok(()) = tx <- { 1 } else { return };
    }
}

fn main() {}
