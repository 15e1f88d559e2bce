use vela::prelude::*;

async fn run(tx: Sender<String>, text: &str) {
    vela! {
        _ = tx <- text;
    }
}

fn main() {}
