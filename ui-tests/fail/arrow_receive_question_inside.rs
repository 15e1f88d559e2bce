use vela::prelude::*;

struct Peers(Vec<Receiver<u32>>);

impl Peers {
    fn find(&self, at: usize) -> Result<&Receiver<u32>, &'static str> {
        self.0.get(at).ok_or("no such peer")
    }
}

async fn run(peers: Peers) -> Result<(), &'static str> {
    vela! {
        let value = (<-peers.find(1)?.clone()).ok_or("closed")?;
        println!("{value}");
    }
    Ok(())
}

fn main() {}
