use vela::prelude::*;

async fn run(rx: Receiver<u32>) {
    vela! {
        let all = move || {
            for n in <-rx {
                drop(n);
            }
        };
        all();
    }
}

fn main() {}
