use vela::prelude::*;

async fn run(a: Sender<String>) {
    let mut text = String::new();
    select! {
        a <- mut text => println!("sent"),
    }
}

fn main() {}
