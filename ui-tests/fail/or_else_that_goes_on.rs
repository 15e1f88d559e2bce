use vela::prelude::*;

async fn run(tx: Sender<u32>) {
    vela! {
        tx <- 1 else {
            println!("nobody is there");
        };
    }
}

fn main() {}
