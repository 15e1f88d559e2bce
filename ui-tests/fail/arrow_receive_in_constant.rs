use vela::prelude::*;

async fn run() {
    vela! {
        const FIRST: Option<u32> = <-vela::channel::<u32>(0).1;
        drop(FIRST);
    }
}

fn main() {}
