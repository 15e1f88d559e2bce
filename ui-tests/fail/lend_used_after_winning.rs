use vela::prelude::*;

async fn run(tx: Sender<String>, mut text: String) {
    select! {
        tx <- mut text => println!("sent {text}"),
        _ = <-after(ms(1)) => text.clear(),
    }
}

fn main() {}
