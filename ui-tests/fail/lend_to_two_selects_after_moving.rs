use vela::prelude::*;

async fn run(tx: Sender<String>, mut text: String) {
    drop(text);
    select! {
        tx <- mut text => println!("sent"),
        _ = <-after(ms(1)) => text = String::new(),
    }
}

fn main() {}
