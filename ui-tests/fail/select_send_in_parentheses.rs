use vela::prelude::*;

async fn run(tx: Sender<u32>, rx: Receiver<u32>) {
    select! {
        sent = (tx <- 1) => drop(sent),
        value = <-rx => drop(value),
    }
}

fn main() {}
