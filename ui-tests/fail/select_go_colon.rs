use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    select! {
        case x := <-rx:
            println!("{x:?}");
    }
}

fn main() {}
