use vela::prelude::*;

async fn run(tx: Sender<String>) {
    select! {
        tx <- mut String::new() => println!("sent"),
        closed => {}
    }
}

fn main() {}
