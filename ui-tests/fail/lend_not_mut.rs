use vela::prelude::*;

async fn run(tx: Sender<String>, text: String) {
    select! {
        tx <- mut text => println!("sent"),
        _ = <-after(ms(1)) => println!("kept {text}"),
    }
}

fn main() {}
