use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        let mut sent = Ok(());
        sent = tx <- 1 else { return };
        drop(sent);
    }
}

fn main() {}
