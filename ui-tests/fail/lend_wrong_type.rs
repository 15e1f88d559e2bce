use vela::prelude::*;

async fn run(tx: Sender<String>) {
    let mut number = 5;
    select! {
        tx <- mut number => println!("sent"),
        _ = <-after(ms(1)) => number += 1,
    }
}

fn main() {}
