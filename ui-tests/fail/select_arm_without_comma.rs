use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>) {
    select! {
        _ = <-a => println!("a")
        _ = <-b => println!("b")
    }
}

fn main() {}
