use vela::prelude::*;

fn show(n: Option<u32>) {
    println!("{n:?}");
}

async fn run() {
    vela! {
        fn start(rx: Receiver<u32>) {
            let task = go!(show(<-rx));
            drop(task);
        }
    }
}

fn main() {}
