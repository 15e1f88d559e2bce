use vela::prelude::*;

async fn run(rx: Receiver<u32>, tx: Sender<u32>) {
    vela! {
        let x = <-rx?;
        let next = || <-rx;
        tx <- 1 else { return }
        let y <- rx;
    }
}

fn main() {}
