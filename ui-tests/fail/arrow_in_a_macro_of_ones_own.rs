use vela::prelude::*;

macro_rules! double {
    ($value:expr) => {
        $value.map(|n| n * 2)
    };
}

async fn run(rx: Receiver<u32>) {
    vela! {
        let value = double!(<-rx);
        drop(value);
    }
}

fn main() {}
