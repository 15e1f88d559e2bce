use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        tx <- 1 else { return }
        println!("sent");
    }
}

fn main() {}
