use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Sender<u32>, work: impl Future, busy: bool) {
    select! {
        Some(x) = <-a => drop(x),
        b <- 1 => println!("sent"),
        _ = work, if busy => println!("done"),
    }
}

fn main() {}
