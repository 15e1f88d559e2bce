use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        for 1 in <-rx {
            println!("one");
        }
    }
}

fn main() {}
