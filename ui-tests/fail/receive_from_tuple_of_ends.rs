use vela::prelude::*;

async fn run() {
    vela! {
        let ends = vela::channel::<u32>(1);
        let value = <-ends;
        drop(value);
    }
}

fn main() {}
