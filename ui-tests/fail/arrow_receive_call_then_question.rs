use vela::prelude::*;

async fn run(peers: Vec<Receiver<u32>>) {
    vela! {
        let value = <-peers.first()?;
        drop(value);
    }
}

fn main() {}
