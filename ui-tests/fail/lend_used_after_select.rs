use vela::prelude::*;

async fn run(tx: Sender<String>, mut text: String) {
    select! {
        tx <- mut text => println!("sent"),
        _ = <-after(ms(1)) => text.clear(),
    }
    println!("{text}");
}

fn main() {}
