use vela::prelude::*;

async fn run(tx: Sender<String>, mut text: String) {
    loop {
        select! {
            tx <- mut text => println!("sent"),
            _ = <-after(ms(1)) => text.push('.'),
        }
    }
}

fn main() {}
