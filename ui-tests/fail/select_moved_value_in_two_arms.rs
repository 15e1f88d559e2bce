use vela::prelude::*;

async fn run(a: Sender<String>, b: Sender<String>, text: String) {
    select! {
        a <- text => {}
        b <- text => {}
        closed => {}
    }
}

fn main() {}
