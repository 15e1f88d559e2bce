use vela::prelude::*;

struct Point {
    x: u32,
}

async fn run(tx: Sender<Point>) {
    vela! {
        tx <- Point { x: 1 } else { return };
    }
}

fn main() {}
