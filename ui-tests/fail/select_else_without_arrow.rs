use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        _ = <-rx => {}
        else {
            println!("nothing");
        }
    }
}

fn main() {}
