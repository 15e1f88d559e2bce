use vela::prelude::*;

async fn run(rx: Receiver<bool>) {
    vela! {
        while <-rx {
            println!("go on");
        }
    }
}

fn main() {}
