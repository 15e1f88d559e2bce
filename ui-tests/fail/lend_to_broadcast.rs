use vela::prelude::*;

async fn run(tx: vela::broadcast::Sender<String>, mut text: String) {
    select! {
        _ = tx <- mut text => println!("sent"),
        _ = <-after(ms(1)) => text.clear(),
    }
}

fn main() {}
