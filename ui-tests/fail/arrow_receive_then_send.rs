use vela::prelude::*;

async fn run(a: Receiver<Sender<u32>>) {
    vela! {
        <-a <- 1;
    }
}

fn main() {}
