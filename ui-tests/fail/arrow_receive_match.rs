use vela::prelude::*;

async fn run(a: Receiver<u32>, b: Receiver<u32>, n: u32) {
    vela! {
        let value = <-match n {
            0 => &a,
            _ => &b,
        };
        drop(value);
    }
}

fn main() {}
