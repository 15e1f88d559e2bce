use vela::prelude::*;

async fn run(tx: Sender<String>) {
    select! {
        tx <- mut => println!("sent"),
        closed => {}
    }
}

fn main() {}
