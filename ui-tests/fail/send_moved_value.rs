use vela::prelude::*;

async fn run(tx: Sender<String>, text: String) {
    vela! {
        _ = tx <- text;
        println!("{text}");
    }
}

fn main() {}
