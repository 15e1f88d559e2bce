use vela::prelude::*;

async fn run(rx: Receiver<u32>, quick: bool) {
    select! {
        _ = <-rx => {}
        else, if quick => println!("nothing"),
    }
}

fn main() {}
