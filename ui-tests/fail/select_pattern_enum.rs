use vela::prelude::*;

enum Message {
    Text(String),
    End,
}

async fn run(a: Receiver<Message>, b: Receiver<u32>) {
    select! {
        Some(Message::Text(text)) = <-a => drop(text),
        _ = <-b => {}
    }
}

fn main() {}
