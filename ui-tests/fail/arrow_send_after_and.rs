use vela::prelude::*;

async fn run(a: u32, b: u32, tx: Sender<u32>) {
    vela! {
        let sent = a < b && tx <- 1;
        drop(sent);
    }
}

fn main() {}
