use vela::prelude::*;

async fn run(tx: Sender<String>, mut text: String) {
    vela! {
        _ = tx <- mut text;
    }
    text.clear();
}

fn main() {}
