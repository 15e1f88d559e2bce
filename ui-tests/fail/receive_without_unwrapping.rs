use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        let number: u32 = <-rx;
        drop(number);
    }
}

fn main() {}
