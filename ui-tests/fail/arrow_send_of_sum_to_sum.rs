use vela::prelude::*;

async fn run(a: u32, tx: Sender<u32>) {
    vela! {
        let sent = a + tx <- 1;
        drop(sent);
    }
}

fn main() {}
