use vela::prelude::*;

async fn run(tx: Sender<u32>, n: u32) {
    vela! {
        match n {
            0 => tx <- 1 else { return },
            _ => {}
        }
    }
}

fn main() {}
