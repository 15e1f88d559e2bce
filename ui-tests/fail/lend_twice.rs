use vela::prelude::*;

async fn run(a: Sender<String>, b: Sender<String>, mut text: String) {
    select! {
        a <- mut text => {}
        b <- mut text => {}
        closed => {}
    }
}

fn main() {}
