use vela::prelude::*;

async fn run(a: Task<Receiver<u32>>) {
    select! {
        x = <-a.await.unwrap() => drop(x),
    }
}

fn main() {}
