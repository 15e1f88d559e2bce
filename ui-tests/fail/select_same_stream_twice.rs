use vela::prelude::*;

async fn run() {
    let mut numbers = futures_util::stream::iter([1, 2]);
    select! {
        a = <-numbers => drop(a),
        b = <-numbers => drop(b),
    }
}

fn main() {}
